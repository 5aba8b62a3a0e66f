package saved

import (
	"encoding/json"
	"fmt"
	"os"
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
	backs   []byte   // and this, when it is confirmed
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

// back is Back. The file says so only when a checkpoint has it: until then it is to be
// found in one of them.
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
		g.backs = append(append(g.backs, line...), '\n')
		g.text++
	}
}

// Unconfirmed is how much there is to say of generations that are known again.
func (g *Gone) Unconfirmed() int {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.backs)
}

// Confirm has the first n bytes of that written with the next Save: a checkpoint has
// those generations.
func (g *Gone) Confirm(n int) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fresh = append(g.fresh, g.backs[:n]...)
	g.backs = g.backs[n:]
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
