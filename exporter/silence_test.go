package exporter

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Only a connection that was written to and has not said anything since is
// given up, however long the others have been idle.
func TestSilentConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := newConnections()
		talk := func(write, read bool) net.Conn {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { ours.Close(); theirs.Close() })
			c := all.track(ours)
			if write {
				go func() { _, _ = io.ReadFull(theirs, make([]byte, 1)) }()
				if _, err := c.Write([]byte{1}); err != nil {
					t.Fatal(err)
				}
			}
			if read {
				go func() { _, _ = theirs.Write([]byte{1}) }()
				if _, err := c.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
			}
			return c
		}
		talk(false, false)
		talk(true, true)
		silent := talk(true, false)
		time.Sleep(maxSilence - time.Second)
		talk(true, false)
		all.closeSilent(maxSilence)
		if len(all.open) != 4 {
			t.Errorf("%d connections are left too early", len(all.open))
		}
		time.Sleep(time.Second)
		all.closeSilent(maxSilence)
		if _, err := silent.Write([]byte{1}); err == nil || len(all.open) != 3 {
			t.Errorf("the silent one is open: %v, %d", err, len(all.open))
		}
	})
}
