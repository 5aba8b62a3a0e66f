// Package linear tests that work grows no faster than its input: twice as much
// to read may take two and a half times as long, whatever it is made of.
//
// Times of one machine are compared with each other and with nothing else, over
// several doublings at once: what takes 2.5 times as long for each of four
// takes 39 times as long after all of them, where a linear reader takes 16 times
// and a quadratic one 256. So neither a slow machine nor a busy one makes a
// test fail.
package linear

import (
	"math"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Growth is what twice the input may cost.
const Growth = 2.5

// floor is the least time that is told from nothing, for n bytes: memory that is
// touched for the first time takes about as long as that.
func floor(n int) time.Duration { return max(30*time.Microsecond, time.Duration(n)) }

// rounds is how often what looks bad is measured again before it counts.
const rounds = 6

// A Range is the sizes that are compared: from is doubled until it is to.
type Range struct{ From, To int }

// Quick is for each run of the tests, Long for when there is time.
var (
	Quick = Range{8 << 10, 128 << 10}
	Long  = Range{64 << 10, 4 << 20}
)

// Check makes inputs of about as many bytes as the sizes of r, and fails the
// test if work takes too much longer for the large ones than for the small ones.
// It stops at the first size that does, so a bad reader does not take for ever.
func Check(t *testing.T, name string, r Range, input func(n int) []byte, work func(input []byte)) {
	t.Helper()
	worst := Steepest(r, input, work)
	for i := 1; i < rounds && worst > 1; i++ {
		if worst > 20 {
			break // nothing but the reader does that
		}
		worst = min(worst, Steepest(r, input, work))
	}
	if worst > 1 {
		t.Errorf("%s: %.1f times of what it may cost, by %v more for twice the input", name, worst, Growth)
	}
}

// Steepest is the growth that was found, as a share of what is allowed: at most
// 1 for work that is as it should be. It measures once.
func Steepest(r Range, input func(n int) []byte, work func(input []byte)) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	small := input(r.From)
	work(small) // whatever is made once is made
	base := max(fastest(3, small, work), floor(r.From))
	worst, allowed := 0.0, 1.0
	for n := 2 * r.From; n <= r.To; n *= 2 {
		allowed *= Growth
		if n != r.To && n != 4*r.From { // a few sizes show it as well as all
			continue
		}
		took := fastest(1, input(n), work)
		if took > 200*base*time.Duration(n/r.From) {
			return over(took, base, allowed) // the next one would take for ever
		}
		if n == r.To && over(took, base, allowed) > 1 {
			took = min(took, fastest(1, input(n), work))
		}
		worst = over(took, base, allowed)
		if worst > 3 {
			return worst // and not the larger ones
		}
	}
	return worst
}

func over(took, base time.Duration, allowed float64) float64 {
	return float64(took) / float64(base) / allowed
}

// fastest is the shortest time that work took on this thread.
func fastest(n int, input []byte, work func([]byte)) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range n {
		begin := ThreadTime()
		work(input)
		best = min(best, ThreadTime()-begin)
	}
	return best
}

// ThreadTime is how long this thread has been on a processor; see runtime.LockOSThread.
func ThreadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err) // every Linux has it
	}
	return time.Duration(ts.Nano())
}
