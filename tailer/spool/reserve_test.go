package spool_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rtcship/rtcship/tailer/spool"
)

// A disk that the spool alone has filled must become empty again once everything
// is delivered. That takes a checkpoint, and a checkpoint takes room: without it
// nothing is ever deleted, and nothing ever taken again.
func TestDiskFilledByTheSpoolIsEmptiedAgain(t *testing.T) {
	if os.Getuid() != 0 || testing.Short() {
		t.Skip("mounts a file system, which only root may do")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	defer exec.Command("umount", "-l", dir).Run()
	s := open(t, dir, spool.Config{SegmentBytes: 256 << 10})
	c := sink{hold: make(chan struct{})}
	defer follow(t, dir, s, &c)()
	n := 0
	for ; ; n++ {
		var b spool.Batch
		b.Add(numbered(n))
		if err := s.TryAppend(&b); err != nil {
			break
		}
	}
	close(c.hold)
	eventually(t, "delivery", func() bool { return c.count() == n })
	eventually(t, "an empty spool", func() bool { return s.Status().Unsettled == 0 })
	put(t, s, n, n+10)
	eventually(t, "what comes afterwards", func() bool { return c.count() == n+10 })
}
