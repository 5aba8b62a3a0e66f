package tailer

import (
	"testing"
	"time"
)

// A log that is moved away and copied back to its own name holds what is known
// already; what its writer appends after that is read once.
func TestCopiedBackToItsOwnName(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "before the next scan": 200 * time.Millisecond, "after a scan": 3 * time.Second, "after it rests": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("sora.jsonl", lines(0, 50))
				w.start()
				w.rename("sora.jsonl", "sora.jsonl.1")
				if wait > 2*time.Second {
					w.pass(wait)
				}
				w.copy("sora.jsonl.1", "sora.jsonl")
				w.pass(wait)
				w.write("sora.jsonl", lines(50, 10))
				w.pass(30 * time.Second)
				w.wantLines(60)
				w.end()
				w.write("sora.jsonl", lines(60, 10))
				w.start()
				w.pass(30 * time.Second)
				w.wantLines(70)
			})
		})
	}
}

// The same over the file that its writer has open.
func TestCopiedBackOverTheFileThatIsThere(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 50))
		w.start()
		w.rename("sora.jsonl", "sora.jsonl.1")
		w.write("sora.jsonl", lines(50, 5))
		w.pass(10 * time.Second)
		w.copy("sora.jsonl.1", "sora.jsonl")
		w.pass(10 * time.Second)
		w.write("sora.jsonl", lines(55, 10))
		w.pass(30 * time.Second)
		w.wantLines(65)
	})
}
