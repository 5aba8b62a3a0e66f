package spool

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// segmentOf returns a segment with n messages, and where each of them begins.
func segmentOf(n int) (data []byte, starts []int) {
	data = appendHeader(nil, 0, noon)
	for i := range n {
		starts = append(starts, len(data))
		m := message(i)
		data = appendEntry(data, &m)
	}
	return data, append(starts, len(data))
}

// createUnsynced is createSegment for tests that make very many of them.
func createUnsynced(path string) (file, error) {
	f, err := os.Create(path)
	return unsynced{f}, err
}

type unsynced struct{ *os.File }

func (unsynced) Sync() error { return nil }

// A crash may leave any beginning of what was written. Everything that is
// complete in it must be there, nothing else, and what is not must be counted.
func TestTornTailAtEachByte(t *testing.T) {
	data, starts := segmentOf(8)
	dir := t.TempDir()
	for cut := range len(data) + 1 {
		path := filepath.Join(dir, segmentName(7))
		if err := os.WriteFile(path, data[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := openSpool(t, Config{Dir: dir})
		s.create = createUnsynced
		sound := 0
		for sound < 8 && starts[sound+1] <= cut {
			sound++
		}
		torn := cut - starts[sound]
		if sound == 0 {
			torn = cut
			if cut == headerSize {
				torn = 0
			}
		}
		if got := s.Status().TornBytes; got != uint64(torn) {
			t.Fatalf("cut at %d: %d torn bytes, want %d", cut, got, torn)
		}
		appendN(t, s, sound, sound+3)
		msgs, junk := readAll(t, dir)
		wantMessages(t, msgs, 0, sound+3)
		if junk != 0 {
			t.Fatalf("cut at %d: %d bytes of junk", cut, junk)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, p := range paths(t, dir) {
			if err := os.Remove(p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A crash of the machine may leave zeros, or what was in the blocks before.
func TestGarbageTail(t *testing.T) {
	data, _ := segmentOf(8)
	random := make([]byte, 5000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for name, tail := range map[string][]byte{"zeros": make([]byte, 5000), "random": random, "half an entry": data[headerSize : headerSize+20]} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, segmentName(0))
			if err := os.WriteFile(path, append(bytes.Clone(data), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			s := openSpool(t, Config{Dir: dir})
			if got := s.Status().TornBytes; got != uint64(len(tail)) {
				t.Errorf("%d torn bytes, want %d", got, len(tail))
			}
			msgs, junk := readAll(t, dir)
			wantMessages(t, msgs, 0, 8)
			if junk != 0 {
				t.Errorf("%d bytes of junk", junk)
			}
		})
	}
}

// Whichever byte is damaged, no message but the one it is part of is lost.
func TestDamagedByte(t *testing.T) {
	data, starts := segmentOf(8)
	for at := range data {
		bad := bytes.Clone(data)
		bad[at] ^= 0x41
		got, torn := readSegment(t, bad)
		j := 0
		for i := range 8 {
			if at >= starts[i] && at < starts[i+1] {
				continue
			}
			m := message(i)
			if j >= len(got) || !equal(got[j], m.entry()) {
				t.Fatalf("damage at %d: message %d is lost", at, i)
			}
			j++
		}
		if j != len(got) {
			t.Fatalf("damage at %d: %d messages too many", at, len(got)-j)
		}
		if torn == 0 {
			t.Fatalf("damage at %d is not counted", at)
		}
	}
}

// As long as a segment may grow, an incomplete entry at its end is waited for.
func TestSplitWaitsForTheRest(t *testing.T) {
	data, starts := segmentOf(3)
	for cut := range len(data) {
		rest, at := data[:cut], 0
		for {
			_, n, err := Format{}.Split(rest, int64(at), false)
			if err != nil {
				if !errors.Is(err, entry.ErrMore) || n <= len(rest) || at+n > len(data) {
					t.Fatalf("cut at %d, offset %d: n = %d, error %v", cut, at, n, err)
				}
				break
			}
			rest, at = rest[n:], at+n
		}
		want := 0
		for _, s := range starts {
			if s <= cut {
				want = s
			}
		}
		if at != want {
			t.Fatalf("cut at %d: stopped at %d, want %d", cut, at, want)
		}
	}
}

// Damage in a segment that grows is passed over as soon as a sound entry
// stands behind it, and waited for until then.
func TestSplitDamageInGrowingSegment(t *testing.T) {
	data, starts := segmentOf(3)
	data[starts[1]+15] ^= 1
	rest := data[starts[1]:]
	for n := range rest {
		_, used, err := Format{}.Split(rest[:n], int64(starts[1]), false)
		if n < len(rest) && !errors.Is(err, entry.ErrMore) {
			t.Fatalf("with %d bytes: %d, %v", n, used, err)
		}
	}
	_, used, err := Format{}.Split(rest, int64(starts[1]), false)
	if !errors.Is(err, entry.ErrTorn) || used != starts[2]-starts[1] {
		t.Errorf("%d, %v", used, err)
	}
}

func FuzzSplit(f *testing.F) {
	data, _ := segmentOf(4)
	f.Add(data, uint16(0), uint16(100))
	f.Add(data[headerSize:], uint16(30), uint16(7))
	f.Add([]byte(entryMagic+"\x00\x00\x00\x00\xff\xff\x00\x00"), uint16(3), uint16(1))
	f.Fuzz(func(t *testing.T, data []byte, at, chunk uint16) {
		// A sound entry anywhere in rubbish is found, unless it is within
		// something that passes for an entry itself.
		m := message(3)
		entry := appendEntry(nil, &m)
		at = uint16(min(int(at), len(data)))
		all := append(append(bytes.Clone(data[:at]), entry...), data[at:]...)
		sc := scanner{r: bytes.NewReader(all), size: int64(len(all))}
		found, before := false, int64(0)
		for {
			e, err := sc.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			start := sc.offset - int64(len(e.Text))
			if start < before {
				t.Fatal("entries overlap")
			}
			before = sc.offset
			found = found || equal(e, m.entry())
		}
		if !found {
			t.Error("the sound entry was not found")
		}
		if sc.offset != sc.size {
			t.Errorf("stopped at %d of %d", sc.offset, sc.size)
		}
	})
}

// The child of TestKill appends numbered messages and says after each append
// up to where the spool has them.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SPOOL_TEST_DIR"); dir != "" {
		appendForEver(dir)
	}
	os.Exit(m.Run())
}

func appendForEver(dir string) {
	from, err := strconv.Atoi(os.Getenv("SPOOL_TEST_FROM"))
	if err != nil {
		panic(err)
	}
	s, err := Open(Config{Dir: dir, SegmentBytes: 64 << 10, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	out := make([]byte, 8)
	var b Batch
	for i := from; ; {
		b.Reset()
		for range i%9 + 1 {
			b.Add(message(i))
			i++
		}
		if err := s.Append(context.Background(), &b); err != nil {
			panic(err)
		}
		binary.BigEndian.PutUint64(out, uint64(i))
		if _, err := os.Stdout.Write(out); err != nil {
			panic(err)
		}
	}
}

// A process killed at any moment loses no message that Append returned for.
func TestKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	next := 0
	for range 5 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "SPOOL_TEST_DIR="+dir, fmt.Sprint("SPOOL_TEST_FROM=", next))
		cmd.Stderr = os.Stderr
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked := readAcks(t, pipe, func() { cmd.Process.Kill() })
		_ = cmd.Wait() // killed
		s := openSpool(t, Config{Dir: dir})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		msgs, junk := readAll(t, dir)
		if len(msgs) < acked || junk != 0 {
			t.Fatalf("%d messages of %d, %d bytes of junk", len(msgs), acked, junk)
		}
		wantMessages(t, msgs, 0, len(msgs))
		next = len(msgs)
	}
	if next == 0 {
		t.Error("nothing was written")
	}
	t.Logf("%d messages over five kills", next)
}

// readAcks reads what the child says, kills it some time after the first of it, and
// returns the last number it said.
func readAcks(t *testing.T, pipe io.Reader, kill func()) (acked int) {
	t.Helper()
	r := bufio.NewReader(pipe)
	b := make([]byte, 8)
	for {
		if _, err := io.ReadFull(r, b); err != nil {
			return acked
		}
		if acked == 0 {
			time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, kill)
		}
		acked = int(binary.BigEndian.Uint64(b))
	}
}

// On a real full disk, everything that was taken is there, and the spool goes
// on when there is room again.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 || testing.Short() {
		t.Skip("mounts a file system, which only root may do")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	defer exec.Command("umount", "-l", dir).Run()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openSpool(t, Config{Dir: dir, SegmentBytes: 32 << 10})
	defer s.Close()
	s.free = func() int64 { return 1 << 62 } // it is others who fill the disk
	var b Batch
	n := 0
	for ; ; n++ {
		b.Reset()
		b.Add(message(n))
		if err := s.TryAppend(&b); err != nil {
			if !strings.Contains(err.Error(), "no space") {
				t.Fatal(err)
			}
			break
		}
	}
	if st := s.Status(); st.Fault == "" || st.Faults == 0 {
		t.Errorf("the full disk is not shown: %+v", st)
	}
	done := make(chan error)
	go func() { done <- s.Append(t.Context(), &b) }()
	time.Sleep(3 * retryDelay) // it must not give up meanwhile
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	appendN(t, s, n+1, n+100)
	msgs, _ := readAll(t, dir)
	wantMessages(t, msgs, 0, n+100)
	if st := s.Status(); st.Fault != "" || st.LastFault == "" {
		t.Errorf("status %+v", st)
	}
}
