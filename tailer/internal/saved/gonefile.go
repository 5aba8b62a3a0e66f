package saved

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// GoneFile is the name of the file of those that are gone; "" if positions are not
// kept.
func GoneFile(dir string) string {
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "gone.jsonl")
}

// LoadGone reads what is remembered. move says where a path of a source is by now;
// what has been gone before forget is forgotten.
func LoadGone(path string, forget time.Time, move func(source string, p Path) Path) (*Gone, error) {
	g := &Gone{path: path, byHead: map[uint64]int32{}, byLog: map[uint64]int32{}, byID: map[uint64]int32{}, move: move}
	f, err := openRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open what is gone: %w", err)
	}
	g.file = f
	for r := bufio.NewReaderSize(f, 64<<10); ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			g.size += int64(len(line))
			g.rewrite = g.rewrite || len(line) > 0 // torn: nothing can be appended to it
			return g, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read what is gone: %w", err)
		}
		if g.text == 0 {
			g.expect(f, len(line))
		}
		g.take(line, forget)
		g.size += int64(len(line))
		g.text++
	}
}

// expect makes room for as many lines as the file has if they are about as long as the
// first: growing little by little, lines and maps would take twice the memory.
func (g *Gone) expect(f *os.File, first int) {
	st, err := f.Stat()
	if err != nil {
		return
	}
	n := int(st.Size() / int64(max(first, leastText)))
	g.lines = make([]goneLine, 0, n)
	g.byHead, g.byLog, g.byID = make(map[uint64]int32, n), make(map[uint64]int32, n), make(map[uint64]int32, n)
}

// leastText is how short a line may be expected to be: the first one may be damaged, or
// say no more than that a generation is back.
const leastText = 400

// take takes in a line of the file. One that is damaged costs that generation's
// position.
func (g *Gone) take(line []byte, forget time.Time) {
	var t goneText
	if json.Unmarshal(line, &t) != nil {
		return
	}
	if t.Back != "" {
		g.drop(g.byID[shortID(t.Back)])
		return
	}
	if t.Generation.Check() != nil || t.Generation.Head == 0 || t.Generation.Missing.Before(forget) {
		return
	}
	moved := g.move(t.Log.Source, t.Log.File) != t.Log.File
	g.rewrite = g.rewrite || moved
	g.index(&t, g.size, len(line))
}

// SaveAgain has all of it written anew: what is on disk is not there any more.
func (g *Gone) SaveAgain() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rewrite = g.rewrite || len(g.lines) > 0
}

// Save writes what has come since the last time.
func (g *Gone) Save(s *Store) error {
	if g == nil || g.path == "" {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.rewrite || g.text > 2*(len(g.lines)-g.unused)+1000:
		return g.replace(s)
	case len(g.fresh) == 0:
		return nil
	}
	if err := s.appendTo(g.path, g.fresh); err != nil {
		g.rewrite = true // how much of it is there nobody knows
		return fmt.Errorf("write what is gone: %w", err)
	}
	if g.file == nil {
		f, err := os.Open(g.path)
		if err != nil {
			g.rewrite = true // what was written is not to be written twice
			return fmt.Errorf("open what is gone: %w", err)
		}
		g.file = f
	}
	g.size += int64(len(g.fresh))
	g.fresh = nil
	return nil
}

// replace writes the lines that count into a new file.
func (g *Gone) replace(s *Store) error {
	temp := g.path + ".new"
	next := &Gone{path: g.path, byHead: map[uint64]int32{}, byLog: map[uint64]int32{}, byID: map[uint64]int32{}, move: g.move}
	_, err := s.create(temp, func(w io.Writer) error {
		for i := range g.lines {
			if g.lines[i].length == 0 {
				continue
			}
			t, ok := g.line(int32(i + 1))
			if !ok {
				continue // damaged since
			}
			t.Log.File, t.Generation.File, t.Generation.Path = g.move(t.Log.Source, t.Log.File), g.move(t.Log.Source, t.Generation.File), g.move(t.Log.Source, t.Generation.Path)
			var b bytes.Buffer
			if err := json.NewEncoder(&b).Encode(&t); err != nil {
				return err
			}
			next.index(&t, next.size, b.Len())
			next.size += int64(b.Len())
			next.text++
			if _, err := w.Write(b.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		next.file, err = os.Open(temp)
	}
	if err == nil {
		err = os.Rename(temp, g.path)
	}
	if err == nil {
		err = s.syncDir()
	}
	if err != nil {
		if next.file != nil {
			next.file.Close()
		}
		return fmt.Errorf("write what is gone anew: %w", err)
	}
	g.close()
	g.file, g.size, g.fresh, g.text, g.rewrite = next.file, next.size, nil, next.text, false
	g.lines, g.unused, g.byHead, g.byLog, g.byID = next.lines, 0, next.byHead, next.byLog, next.byID
	g.move = stays // what is in the file has been moved
	return nil
}

func stays(_ string, p Path) Path { return p }

func (g *Gone) close() {
	if g.file != nil {
		g.file.Close()
	}
}

// Close gives up the file.
func (g *Gone) Close() {
	if g != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.close()
	}
}
