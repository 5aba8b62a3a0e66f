package file

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// Of many files that are looked into few are open at once, and each holds what it did
// whenever it is asked.
func TestFewAreOpen(t *testing.T) {
	const most = 3
	dir, few := t.TempDir(), NewFew(most)
	var open atomic.Int64
	path := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
	var files []*Lazy
	for i := range 20 {
		if err := os.WriteFile(path(i), []byte(strings.Repeat(fmt.Sprint(i), 50)), 0o644); err != nil {
			t.Fatal(err)
		}
		opener := func() (Content, Stat, error) { return Open(path(i), Unpacked, &open) }
		c, st, err := opener()
		if err != nil {
			t.Fatal(err)
		}
		l := few.Take(c, st.Key, opener)
		if i%2 == 0 {
			l.Close()
			l = &Lazy{Key: st.Key, Opener: opener, Few: few}
		}
		files = append(files, l)
	}
	for range 3 {
		for i, l := range files {
			b := make([]byte, 100)
			n, _ := l.ReadAt(b, 0)
			if want := strings.Repeat(fmt.Sprint(i), 50); string(b[:n]) != want || l.Size() != int64(len(want)) {
				t.Errorf("file %d holds %q", i, b[:n])
			}
			if n := open.Load(); n > most {
				t.Fatalf("%d files are open", n)
			}
		}
	}
	if err := os.Rename(path(1), path(0)); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if n, err := files[i].ReadAt(make([]byte, 1), 0); n > 0 || err == nil || !files[i].Gone() {
			t.Errorf("file %d is still read, and lies elsewhere or is gone: %v", i, err)
		}
	}
	for _, l := range files {
		l.Close()
	}
	if n := open.Load(); n != 0 {
		t.Errorf("%d files are open in the end", n)
	}
}

// What is compared in turns stays open.
func TestFewKeepWhatIsAskedFor(t *testing.T) {
	few, opened := NewFew(2), 0
	var open atomic.Int64
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	st, err := StatPath(path)
	if err != nil {
		t.Fatal(err)
	}
	opener := func() (Content, Stat, error) {
		opened++
		return Open(path, Unpacked, &open)
	}
	a, b, c := &Lazy{Key: st.Key, Opener: opener, Few: few}, &Lazy{Key: st.Key, Opener: opener, Few: few}, &Lazy{Key: st.Key, Opener: opener, Few: few}
	for _, l := range []*Lazy{a, b, a, b, a, b, c, b, c, b} {
		if l.Size() != 4 {
			t.Error("it holds something else")
		}
	}
	if opened != 3 {
		t.Errorf("opened %d times, want once for each of 3", opened)
	}
}
