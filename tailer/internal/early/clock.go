package early

import (
	"encoding/binary"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// Clock is by which clock times are told at present; zero where the kernel does not say.
func Clock() saved.Clock {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return saved.Clock{}
	}
	var up unix.Timespec // not /proc/uptime, which may be the container's
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return saved.Clock{}
	}
	at := time.Now().Add(-time.Duration(up.Nano()))
	return saved.Clock{Boot: strings.TrimSpace(string(id)), At: at.UTC().Round(time.Second)}
}

// IsVouched says whether one clock ran from when was was told to when is is: the machine
// was not booted meanwhile, and its clock was not set by as much as would matter. Of
// nothing that was saved, or that the kernel tells, nothing is doubted.
func IsVouched(was, is saved.Clock) bool {
	if was.Boot == "" || is.Boot == "" {
		return true
	}
	return was.Boot == is.Boot && is.At.Sub(was.At).Abs() < Margin/2
}

// Distrust says that no clock can be vouched for since what is known was saved: what came
// meanwhile, as the next listing finds it, may have any time.
func (s *Source) Distrust() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted = !s.first.IsZero()
}

// IsDistrusted says whether the next listing is the first one after Distrust.
func (s *Source) IsDistrusted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.distrusted
}

// Came takes note of a rotated file in the first listing after Distrust.
func (s *Source) Came(st file.Stat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.distrusted {
		return
	}
	if s.came == nil {
		s.came = map[file.Key]bool{}
	}
	s.came[st.Key] = true
}

// Untimed says whether a file came while no clock can be vouched for, and was not left
// alone before: when it was written nobody knows.
func (s *Source) Untimed(st file.Stat) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came[st.Key] && !s.left[hashOf(st)]
}

// Leave remembers that a file is left alone since it is old. It says whether that is
// news.
func (s *Source) Leave(st file.Stat) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := hashOf(st)
	if s.left[h] {
		return false
	}
	if s.left == nil {
		s.left = map[uint64]bool{}
	}
	s.left[h] = true
	s.news++
	return true
}

// WasLeft says whether a file was left alone as it is.
func (s *Source) WasLeft(st file.Stat) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left[hashOf(st)]
}

// KeepLeft forgets the files that were left alone and are none of files, which are all
// that there are.
func (s *Source) KeepLeft(files func(func(file.Stat) bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		return
	}
	there := map[uint64]bool{}
	for st := range files {
		if h := hashOf(st); s.left[h] {
			there[h] = true
		}
	}
	if len(there) != len(s.left) {
		s.left = there
		s.news++
	}
}

// leftAsSaved is what is saved of the files that are left alone: their hashes, in order.
func (s *Source) leftAsSaved() (b []byte) {
	for _, h := range slices.Sorted(maps.Keys(s.left)) {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return b
}

// hashOf tells files that are left alone. Of a directory there may be thousands, and all
// that is known of each is saved with every checkpoint, so it is short, though not so short
// that a new file could be taken for one of them, and be lost. A device has another number
// after a boot, and a path after a rotation.
func hashOf(st file.Stat) uint64 {
	var b []byte
	for _, n := range []uint64{st.Key.Ino, uint64(st.Size), uint64(st.Mtime)} {
		b = strconv.AppendUint(append(b, ' '), n, 10)
	}
	return xxhash.Sum64(b)
}
