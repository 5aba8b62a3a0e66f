package corpus

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// format is part of the cached names; it changes when the lines change.
const format = "v2"

// Dir returns the folder under cache that holds lines of sora.jsonl spread
// evenly over files, in order, and makes it first if it is not there. One
// file is called sora.jsonl; of several each has a name of its own that no
// shipper takes for another's rotated generation.
func Dir(cache string, lines int64, files int) (string, error) {
	dir := filepath.Join(cache, fmt.Sprintf("sora-%s-%d-%d", format, lines, files))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	tmp, err := os.MkdirTemp(cache, "new-")
	if err != nil {
		return "", fmt.Errorf("make lines: %w", err)
	}
	defer os.RemoveAll(tmp)
	m := NewMaker(1)
	for f := range int64(files) {
		name := filepath.Join(tmp, fileName(int(f), files))
		if err := m.write(name, lines*f/int64(files), lines*(f+1)/int64(files), m.AppendSora); err != nil {
			return "", fmt.Errorf("make lines: %w", err)
		}
	}
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", fmt.Errorf("make lines: %w", err)
	}
	return dir, os.Rename(tmp, dir)
}

// fileName returns the name of file i of n.
func fileName(i, n int) string {
	if n == 1 {
		return "sora.jsonl"
	}
	letters := []byte("app-aaaa.jsonl")
	for at := 7; i > 0; at-- {
		letters[at] += byte(i % 26)
		i /= 26
	}
	return string(letters)
}

// write writes the lines from first up to, but not including, end.
func (m *Maker) write(path string, first, end int64, add func([]byte, time.Time) []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var line []byte
	for i := first; i < end; i++ {
		line = add(line[:0], m.Stamp(i))
		_, _ = w.Write(line) // a failure is kept and returned by Flush
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Messages returns a file under cache that holds n messages of Pexip, one a
// line, and makes it first if it is not there.
func Messages(cache string, n int64) (string, error) {
	path := filepath.Join(cache, fmt.Sprintf("pexip-%s-%d", format, n))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	m := NewMaker(4)
	if err := m.write(path+".new", 0, n, m.AppendPexip); err != nil {
		return "", fmt.Errorf("make messages: %w", err)
	}
	return path, os.Rename(path+".new", path)
}
