package attack

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A share watches how much of a processor this machine gives to one who wants it.
type share struct {
	done chan struct{}
	work sync.WaitGroup

	wall, used time.Duration
}

func watchShare() *share {
	s := &share{done: make(chan struct{})}
	s.work.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			s.compute(10 * time.Millisecond)
			select {
			case <-s.done:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	return s
}

func (s *share) compute(used time.Duration) {
	begin, before := time.Now(), threadTime()
	for threadTime()-before < used {
	}
	s.wall += time.Since(begin)
	s.used += threadTime() - before
}

// end returns how many times as long everything takes, at least 1.
func (s *share) end() float64 {
	close(s.done)
	s.work.Wait()
	return max(1, float64(s.wall)/float64(s.used))
}

// threadTime is how long this thread has computed.
func threadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		panic(err) // every Linux has it
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
