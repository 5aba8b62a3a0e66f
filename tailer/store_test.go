package tailer

import (
	"os"
	"testing"
	"time"
)

// The positions of files in a directory that cannot be looked at for a whole run
// are still there in the next one.
func TestPositionsInADirectoryThatIsAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources[0].Include = []string{"sub/*.log"}
		if err := os.Mkdir(w.path("sub"), 0o755); err != nil {
			w.t.Fatal(err)
		}
		w.write("sub/a.log", lines(0, 10))
		w.write("sora.jsonl", lines(10, 10))
		w.start()
		w.end()
		w.rename("sub", "away")
		w.start()
		w.write("sora.jsonl", lines(20, 10)) // so that positions are saved
		w.pass(3 * time.Second)
		w.end()
		w.rename("away", "sub")
		w.start()
		w.wantLines(30)
	})
}
