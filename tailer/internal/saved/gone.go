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
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// Gone remembers generations that are settled and whose files are gone: they may
// be put back. There may be very many, of logs with a name for each session, so
// they are on disk alone; in memory is where, and by what they can be found. The
// file is appended to, and written anew when too much of it is out of date.
//
// The zero value remembers nothing. Methods may be called from several goroutines.
type Gone struct {
	mu      sync.Mutex
	path    string   // "" keeps nothing
	file    *os.File // to read what is in it; nil if there is none
	size    int64    // of the file
	fresh   []byte   // what is to be appended to it
	text    int      // lines in the file and in fresh
	lines   []goneLine
	unused  int              // of lines
	byHead  map[uint64]int32 // the last line of those whose files begin in a way
	byLog   map[uint64]int32 // the last line of those of a log
	byID    map[uint64]int32 // the line of a generation
	rewrite bool
	move    func(source string, p Path) Path
}

// A goneLine is what is known of a line without reading it.
type goneLine struct {
	at, newest  int64 // where it is; when what is settled of its log was written last, in nanoseconds since 1970
	head, log   uint64
	whole       uint64 // hash of all that is known of its file's beginning
	id          uint64 // the first bytes of the generation's
	since       int64  // when the file was first missed, in seconds since 1970
	length      int32  // 0 if it does not count any more
	known       int32  // how many bytes whole is of
	head2, log2 int32  // the line before in byHead and byLog, counted from 1; 0 if there is none
}

// A goneText is a line of the file.
type goneText struct {
	Log        Log        `json:"log"`
	Generation Generation `json:"generation"`
	Back       string     `json:"back,omitempty"` // the id of a generation that is to be found in the checkpoint again
}

// keyBytes of a file's beginning are what a gone generation is found by at first.
const keyBytes = 128

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

func shortID(id string) uint64 { return xxhash.Sum64String(id) }

func logKey(source string, file Path) uint64 {
	return xxhash.Sum64String(source + "\x00" + string(file))
}

// index makes a line known, in the place of an older one of its generation.
func (g *Gone) index(t *goneText, at int64, length int) {
	sizes := file.HeadSizes(t.Generation.Head)
	n := len(sizes) - 1
	for n > 0 && (sizes[n] > keyBytes || sizes[n]&(sizes[n]-1) != 0) {
		n--
	}
	l := goneLine{
		at: at, length: int32(length), head: uint64(t.Generation.Heads[n]), log: logKey(t.Log.Source, g.move(t.Log.Source, t.Log.File)),
		whole: uint64(t.Generation.Heads[len(sizes)-1]), known: int32(t.Generation.Head),
		id: shortID(t.Generation.ID), since: t.Generation.Missing.Unix(),
	}
	if !t.Log.Newest.IsZero() {
		l.newest = t.Log.Newest.UnixNano()
	}
	g.drop(g.byID[l.id])
	l.head2, l.log2 = g.byHead[l.head], g.byLog[l.log]
	g.lines = append(g.lines, l)
	i := int32(len(g.lines))
	g.byHead[l.head], g.byLog[l.log], g.byID[l.id] = i, i, i
}

// drop makes a line, counted from 1, count no more; 0 is none.
func (g *Gone) drop(i int32) {
	if i > 0 && g.lines[i-1].length > 0 {
		g.lines[i-1].length = 0
		delete(g.byID, g.lines[i-1].id)
		g.unused++
	}
}

// Add remembers a generation, and what is known of its log.
func (g *Gone) Add(log *Log, gen *Generation) error {
	line, err := json.Marshal(&goneText{Log: *log, Generation: *gen})
	if err != nil {
		return fmt.Errorf("encode what is gone: %w", err)
	}
	line = append(line, '\n')
	g.mu.Lock()
	defer g.mu.Unlock()
	g.index(&goneText{Log: *log, Generation: *gen}, g.size+int64(len(g.fresh)), len(line))
	g.fresh = append(g.fresh, line...)
	g.text++
	return nil
}

// Has says whether s is remembered as it is: the same generation, missed since the same
// second.
func (g *Gone) Has(s *Generation) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.byID[shortID(s.ID)]
	return i > 0 && g.lines[i-1].since == s.Missing.Unix()
}

// mostAlike is how many of the generations that begin like a file are looked at.
const mostAlike = 256

// Like takes out the generations that a file which begins with head may be the
// file of: all that is known of their heads agrees.
func (g *Gone) Like(head []byte) (logs []Log, gens []Generation) {
	if g == nil || g.path == "" {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	seen := 0
	hashes := map[int32]uint64{} // of head, by length
	for n := 1; n <= min(len(head), keyBytes); n *= 2 {
		for i := g.byHead[xxhash.Sum64(head[:n])]; i > 0 && seen < mostAlike; i = g.lines[i-1].head2 {
			if !g.lines[i-1].mayBe(head, hashes) {
				continue
			}
			seen++
			t, ok := g.line(i)
			if !ok || !agrees(&t.Generation, head) {
				continue
			}
			g.back(t.Generation.ID)
			t.Log.File = g.move(t.Log.Source, t.Log.File)
			t.Generation.File, t.Generation.Path = t.Log.File, g.move(t.Log.Source, t.Generation.Path)
			logs, gens = append(logs, t.Log), append(gens, t.Generation)
		}
	}
	return logs, gens
}

// mayBe says whether a file that begins with head can be that of l, without
// reading it.
func (l *goneLine) mayBe(head []byte, hashes map[int32]uint64) bool {
	if l.length == 0 || int(l.known) > len(head) {
		return l.length > 0
	}
	if _, ok := hashes[l.known]; !ok {
		hashes[l.known] = xxhash.Sum64(head[:l.known])
	}
	return hashes[l.known] == l.whole
}

// Back notes that a generation is to be found in the checkpoint again, if it is
// remembered here.
func (g *Gone) Back(id string) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.back(id)
}

func (g *Gone) back(id string) {
	i := g.byID[shortID(id)]
	if i == 0 {
		return
	}
	g.drop(i)
	line, err := json.Marshal(struct {
		Back string `json:"back"`
	}{id})
	if err == nil { // as ever, of a string
		g.fresh = append(append(g.fresh, line...), '\n')
		g.text++
	}
}

// Pending is how many bytes Save has to write.
func (g *Gone) Pending() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.fresh)
}

// agrees says whether a file that begins with head can be that of a generation.
func agrees(s *Generation, head []byte) bool {
	for i, n := range file.HeadSizes(s.Head) {
		if n <= len(head) && xxhash.Sum64(head[:n]) != uint64(s.Heads[i]) {
			return false
		}
	}
	return true
}

// line reads a line, counted from 1.
func (g *Gone) line(i int32) (t goneText, ok bool) {
	line, err := g.raw(&g.lines[i-1])
	return t, err == nil && len(line) > 0 && json.Unmarshal(line, &t) == nil
}

// raw reads a line as it stands.
func (g *Gone) raw(l *goneLine) ([]byte, error) {
	if at := l.at - g.size; at >= 0 {
		return g.fresh[at : at+int64(l.length)], nil
	}
	b := make([]byte, l.length)
	_, err := g.file.ReadAt(b, l.at)
	return b, err
}

// Log says whether a log is known by one of its generations, and when what is
// settled of it was written last, in nanoseconds since 1970.
func (g *Gone) Log(source string, file Path) (newest int64, known bool) {
	if g == nil || g.path == "" {
		return 0, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := g.byLog[logKey(source, file)]; i > 0; i = g.lines[i-1].log2 {
		if l := &g.lines[i-1]; l.length > 0 {
			newest, known = max(newest, l.newest), true
		}
	}
	return newest, known
}

// Forget forgets what has been gone before a time.
func (g *Gone) Forget(before time.Time) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.lines {
		if g.lines[i].since < before.Unix() {
			g.drop(int32(i + 1))
		}
	}
}

// Len is how many generations are remembered.
func (g *Gone) Len() int {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.lines) - g.unused
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
