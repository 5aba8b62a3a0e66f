package rotation

import (
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

var (
	kills = flag.Int("kills", 50, "how often the crash test kills rtcship")
	seed  = flag.Uint64("seed", 0, "seed of the crash test's random choices; 0 takes one from the clock")
)

// A victim is a program that follows Sora's logs and can be killed.
type victim interface {
	Launch(t testing.TB, more ...string)
	Start(t testing.TB, more ...string)
	Kill(t testing.TB)
	Stop(t testing.TB)
	Process() *harness.Process
}

// TestCrash kills rtcship at random moments, against a receiver that refuses,
// stalls, loses acknowledgements and drops connections, while three logs
// rotate: by rename, by rename and compression, and by copy and truncation. The
// writer of the last stands still during its rotation, as nobody can save what
// is written between the copy and the truncation.
func TestCrash(t *testing.T) {
	logs, receiver := t.TempDir(), misbehaving(t)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\", timeout: 1s}\nlog: {otlp: false}\n", logs, receiver.Addr))
	crash{victim: ship, receiver: receiver, logs: logs, kills: *kills, lives: 1500 * time.Millisecond, settled: func(t testing.TB) { ship.Settled(t) }}.run(t)
}

// misbehaving returns a receiver for crash.
func misbehaving(t *testing.T) *harness.Receiver {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	return harness.NewReceiver(t, 0.3, *seed)
}

// A crash is a victim with what happens to it.
type crash struct {
	victim   victim
	receiver *harness.Receiver
	logs     string
	kills    int
	lives    time.Duration      // at most, between start and kill
	spare    bool               // no kill while it starts
	settled  func(t testing.TB) // looks at the books once all has arrived; may be nil
}

func (c crash) run(t *testing.T) {
	t.Logf("-seed=%d -kills=%d", *seed, c.kills)
	random := rand.New(rand.NewPCG(*seed, 1))
	renamed := newWriter(t, filepath.Join(c.logs, "sora.jsonl"), "renamed", true)
	zipped := newWriter(t, filepath.Join(c.logs, "signaling.jsonl"), "zipped", true)
	copied := newWriter(t, filepath.Join(c.logs, "event_webhook.jsonl"), "copied", false)
	writers := start(t, 5, 5*time.Millisecond, renamed, zipped, copied)
	stop := make(chan struct{})
	rotated := make(chan struct{})
	go func() {
		defer close(rotated)
		rotateUntil(t, stop, rand.New(rand.NewPCG(*seed, 2)), renamed, zipped, copied)
	}()

	for range c.kills {
		if c.spare {
			c.victim.Start(t)
		} else {
			c.victim.Launch(t)
		}
		time.Sleep(50*time.Millisecond + time.Duration(random.Int64N(int64(c.lives))))
		if c.victim.Process().Exited() {
			t.Fatalf("%s ended by itself:\n%s", c.victim.Process().Name, c.victim.Process().Output())
		}
		c.victim.Kill(t)
		if random.IntN(4) == 0 { // some rotations happen while nobody looks
			time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
		}
	}
	close(stop)
	<-rotated
	writers.end()
	c.receiver.Behave()
	c.complete(t, writers.writers)
	t.Logf("%d records came again; requests by fault (none, refuse, exhausted, stall, lose ack, drop before, after): %v",
		c.receiver.Repeats(), c.receiver.Met())
}

// complete lets the victim finish, and looks for every line.
func (c crash) complete(t *testing.T, writers []*writer) {
	c.victim.Start(t)
	harness.Wait(t, 60*time.Second, "every line of every log", func() (err error) {
		for _, w := range writers {
			err = errors.Join(err, c.receiver.Complete(w.stream, w.n))
		}
		return err
	}, c.victim.Process())
	if c.settled != nil {
		c.settled(t)
	}
	c.victim.Stop(t)
	for _, w := range writers {
		if err := c.receiver.Complete(w.stream, w.n); err != nil {
			t.Error(err) // a repeat with another uid may come last
		}
		t.Logf("%s: %d lines", w.stream, w.n)
	}
}

// rotateUntil rotates one of the three logs after another, in its own way, at random intervals.
func rotateUntil(t *testing.T, stop <-chan struct{}, random *rand.Rand, renamed, zipped, copied *writer) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(100+random.IntN(900)) * time.Millisecond):
		}
		switch random.IntN(3) {
		case 0:
			shift(t, renamed.path)
			rename(t, renamed.path, renamed.path+".1")
		case 1:
			shift(t, zipped.path)
			rename(t, zipped.path, zipped.path+".1")
			zipped.awaitReopen() // then nobody writes to the old one
			compress(t, zipped.path+".1")
		case 2:
			copied.mu.Lock()
			shift(t, copied.path)
			copyFile(t, copied.path, copied.path+".1")
			if err := os.Truncate(copied.path, 0); err != nil {
				t.Error(err)
			}
			copied.mu.Unlock()
		}
	}
}

func rename(t *testing.T, from, to string) {
	if err := os.Rename(from, to); err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

// compress replaces a file with its gzip, as logrotate does: the compressed one
// is written first, then the other goes.
func compress(t *testing.T, path string) {
	in, err := os.Open(path)
	if os.IsNotExist(err) {
		return
	} else if err != nil {
		t.Error(err)
		return
	}
	defer in.Close()
	out, err := os.Create(path + ".gz")
	if err != nil {
		t.Error(err)
		return
	}
	defer out.Close()
	z := gzip.NewWriter(out)
	_, err = io.Copy(z, in)
	if err := errors.Join(err, z.Close(), os.Remove(path)); err != nil {
		t.Error(err)
	}
}
