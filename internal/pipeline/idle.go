package pipeline

import (
	"context"
	"runtime"
	"runtime/debug"
	"time"
)

// idleEvery is how often freeWhenIdle looks; a pause has to be at least as long.
const idleEvery = 10 * time.Second

// freeMemory gives the system back what is not in use. A sync.Pool lets go of
// its buffers at the second collection.
func freeMemory() {
	runtime.GC()
	debug.FreeOSMemory()
}

// freeWhenIdle calls free when nothing has been read for a while and all is settled,
// once for each such pause. Buffers of a burst are kept for the next one, and
// Go's collector runs only every two minutes when nothing is allocated; a
// sidecar that has caught up should not hold them until then. Where lines keep
// coming it never does anything.
func freeWhenIdle(ctx context.Context, b *books, free func()) {
	tick := time.NewTicker(idleEvery)
	defer tick.Stop()
	last, freed := int64(-1), int64(0)
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		read, settled := b.progress()
		if settled && read == last && read != freed {
			free()
			freed = read
		}
		last = read
	}
}
