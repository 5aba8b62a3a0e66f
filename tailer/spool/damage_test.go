package spool

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rtcship/rtcship/internal/linear"
	"github.com/rtcship/rtcship/tailer/entry"
)

// The sum of any part of a text is what reading that part gives.
func TestChecksumsOfParts(t *testing.T) {
	data := make([]byte, 50_000)
	for i := range data {
		data[i] = byte(rand.Uint32())
	}
	sums := checksums{data: data}
	for range 2000 {
		from := rand.IntN(len(data) + 1)
		to := from + rand.IntN(len(data)-from+1)
		if got, want := sums.of(from, to), crc32.Checksum(data[from:to], castagnoli); got != want {
			t.Fatalf("%d to %d: %08x, want %08x", from, to, got, want)
		}
	}
}

// junk is bytes of one of the kinds that a disk leaves, or that imitate an entry.
func junk(kind string, n int) []byte {
	b := make([]byte, n)
	switch kind {
	case "noise":
		r := rand.NewChaCha8([32]byte{1})
		r.Read(b)
	case "magic":
		for i := range b {
			b[i] = entryMagic[i%len(entryMagic)]
		}
	case "heads": // of entries that go on for longer than there is
		head := append([]byte(entryMagic), 1, 2, 3, 4)
		head = binary.LittleEndian.AppendUint32(head, maxText)
		copy(b, bytes.Repeat(head, n/len(head)))
	case "long entries": // that are none, each half as long as all of it
		head := append([]byte(entryMagic), 1, 2, 3, 4)
		head = binary.LittleEndian.AppendUint32(head, uint32(n/2))
		copy(b, bytes.Repeat(head, n/len(head)))
	}
	return b
}

var junks = []string{"zeros", "noise", "magic", "heads", "long entries"}

// Damage anywhere, of any kind, loses at most the entries that it touches;
// everything behind it is found, and every byte is accounted for.
func TestDamageAnywhere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data, starts := segmentOf(rapid.IntRange(1, 40).Draw(rt, "entries"))
		whole := bytes.Clone(data)
		for range rapid.IntRange(1, 3).Draw(rt, "places") {
			at := rapid.IntRange(0, len(data)-1).Draw(rt, "at")
			n := min(rapid.SampledFrom([]int{1, 3, 12, 100, 5000}).Draw(rt, "bytes"), len(data)-at)
			kind := rapid.SampledFrom(append(junks, "flip")).Draw(rt, "kind")
			if kind == "flip" {
				data[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			} else {
				copy(data[at:], junk(kind, n))
			}
		}
		var want []int
		for i := range len(starts) - 1 {
			if bytes.Equal(data[starts[i]:starts[i+1]], whole[starts[i]:starts[i+1]]) {
				want = append(want, i)
			}
		}
		msgs, lost := readSegment(t, data)
		if len(msgs) != len(want) {
			rt.Fatalf("%d messages, want %d", len(msgs), len(want))
		}
		sound := int64(0)
		for i, n := range want {
			m := message(n)
			if !equal(msgs[i], m.entry()) {
				rt.Fatalf("message %d is another one", n)
			}
			sound += int64(starts[n+1] - starts[n])
		}
		if bytes.Equal(data[:headerSize], whole[:headerSize]) {
			sound += headerSize
		}
		if sound+lost != int64(len(data)) {
			rt.Fatalf("%d bytes of messages and %d lost, of %d", sound, lost, len(data))
		}
	})
}

// Bytes put in or taken away touch nothing but what they stand in either.
func TestDisplacedEntries(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		data, starts := segmentOf(20)
		at := rapid.IntRange(headerSize, len(data)).Draw(rt, "at")
		gone := min(rapid.SampledFrom([]int{0, 1, 700}).Draw(rt, "gone"), len(data)-at)
		extra := junk(rapid.SampledFrom(junks).Draw(rt, "kind"), rapid.SampledFrom([]int{0, 1, 4096, 300 << 10}).Draw(rt, "extra"))
		broken := append(append(bytes.Clone(data[:at]), extra...), data[at+gone:]...)
		want := 0
		for i := range len(starts) - 1 {
			if starts[i+1] <= at || starts[i] >= at+gone {
				want++
			}
		}
		if msgs, _ := readSegment(t, broken); len(msgs) < want {
			rt.Fatalf("%d messages, want %d", len(msgs), want)
		}
	})
}

// What a power cut leaves behind the last message is passed over in one go.
func TestRecoveryIsLinear(t *testing.T) {
	sound, _ := segmentOf(20)
	sizes := linear.Range{From: 256 << 10, To: 4 << 20}
	for _, kind := range junks {
		input := func(n int) []byte { return append(bytes.Clone(sound), junk(kind, n)...) }
		linear.Check(t, kind, sizes, input, func(data []byte) {
			end, err := soundEnd(t.Context(), bytes.NewReader(data), int64(len(data)))
			if err != nil || end != int64(len(sound)) {
				t.Errorf("%s: sound up to %d, want %d: %v", kind, end, len(sound), err)
			}
		})
	}
}

// The same for who reads a segment that may still be written to, piece by piece:
// once there is more than one write may leave, it is not kept and searched again.
func TestSplitGoesOnWhereItStopped(t *testing.T) {
	for _, kind := range []string{"zeros", "noise", "magic"} {
		data := junk(kind, 8<<20)
		_, n, err := Format{}.Split(data[:surely], 1000, false)
		if err != entry.ErrTorn || n < surely-entryPrefix {
			t.Errorf("%s: %d bytes are done with, %v", kind, n, err)
		}
		if _, n, err := (Format{}).Split(data[:surely/2], 1000, false); err != entry.ErrMore || n < surely {
			t.Errorf("%s: wants %d bytes, %v", kind, n, err)
		}
	}
}

// Zeros and noise of any length at the end of the newest segment cost no message.
func TestRecoveryOfLongDamage(t *testing.T) {
	for _, kind := range []string{"zeros", "noise"} {
		for _, n := range []int{512 << 10, 1 << 20, 64 << 20} {
			t.Run(fmt.Sprintf("%s/%d", kind, n), func(t *testing.T) {
				dir := t.TempDir()
				s := openSpool(t, Config{Dir: dir})
				appendN(t, s, 0, 50)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				path := paths(t, dir)[0]
				size := lengthen(t, path, kind, n)
				s = openSpool(t, Config{Dir: dir})
				if st := s.Status(); st.TornBytes != uint64(n) || st.Bytes != size {
					t.Errorf("%d bytes torn and %d left, want %d and %d", st.TornBytes, st.Bytes, n, size)
				}
				msgs, _ := readAll(t, dir)
				wantMessages(t, msgs, 0, 50)
			})
		}
	}
}

// lengthen puts junk behind a segment, and returns how long it was.
func lengthen(t *testing.T, path, kind string, n int) int64 {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	if kind == "zeros" {
		err = f.Truncate(size + int64(n))
	} else {
		_, err = f.Write(junk(kind, n))
	}
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// A stop does not wait for recovery, and the next start finds what this one did.
func TestOpenEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir})
	appendN(t, s, 0, 5)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	lengthen(t, paths(t, dir)[0], "noise", 1<<20)
	before, _ := os.ReadFile(paths(t, dir)[0])
	why := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if s, err := OpenContext(ctx, Config{Dir: dir}); !errors.Is(err, why) {
		t.Fatalf("%v, %v", s, err)
	}
	if after, _ := os.ReadFile(paths(t, dir)[0]); !bytes.Equal(before, after) {
		t.Error("the segment was changed")
	}
}

// Damage is counted once however often it is read, and what a failed write left
// is none.
func TestDamageIsCountedOnce(t *testing.T) {
	s := openSpool(t, Config{Dir: t.TempDir()})
	path := filepath.Join(s.Dir(), "a"+Suffix)
	s.segs[filepath.Base(path)] = &segment{path: path, size: 1000, torn: 30}
	for _, g := range []entry.Gap{{At: 100, Bytes: 50}, {At: 100, Bytes: 50}, {At: 120, Bytes: 80}, {At: 970, Bytes: 30}} {
		s.damaged(path, g)
	}
	st := s.Status()
	if st.Damages != 2 || st.DamagedBytes != 100 || st.LastDamage.At != 150 || st.LastDamage.Bytes != 50 || st.LastDamage.Segment != path {
		t.Errorf("%+v, last %+v", st, st.LastDamage)
	}
	delete(s.segs, filepath.Base(path))
}

// What stands under the name of a segment and is none, and numbers that cannot go
// on, cost no message.
func TestOddSegments(t *testing.T) {
	dir := t.TempDir()
	at := func(seq uint64) string { return filepath.Join(dir, segmentName(seq)) }
	for i := range uint64(300) {
		if err := os.Mkdir(at(i), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(syscall.Mkfifo(at(300), 0o600), os.Symlink("/dev/zero", at(301)), os.Symlink(at(302), at(302)),
		os.WriteFile(at(1<<64-1), appendHeader(nil, 1<<64-1, time.Now()), 0o600)); err != nil {
		t.Fatal(err)
	}
	s := openSpool(t, Config{Dir: dir})
	appendN(t, s, 0, 20)
	if st := s.Status(); st.Fault != "" || st.Faults != 0 {
		t.Errorf("%+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openSpool(t, Config{Dir: dir})
	appendN(t, s, 20, 30)
	for i := range uint64(303) {
		if err := os.Remove(at(i)); err != nil {
			t.Error(err)
		}
	}
	msgs, _ := readAll(t, dir)
	wantMessages(t, msgs, 0, 30)
}
