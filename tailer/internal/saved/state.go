package saved

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// Version of a checkpoint that has a journal. One with a higher version is refused,
// since an older program would not know what it overlooks; so a checkpoint that is
// all there is has the version that an older program reads.
const (
	Version      = 2
	plainVersion = 1
)

// A Checkpoint is what is saved: what is settled of each generation, and what
// each is recognized by. The file is JSON, one generation a line.
type Checkpoint struct {
	Version     int               `json:"version"`
	Saved       time.Time         `json:"saved"`
	Clock       Clock             `json:"clock,omitzero"`    // by which times are told
	Journal     string            `json:"journal,omitempty"` // names the journal of what has changed since
	Sources     map[string]Source `json:"sources"`
	Logs        []Log             `json:"logs"`
	Generations []Generation      `json:"generations"`
}

// encode writes c, with the generations that each hands on as lines of JSON.
func (c *Checkpoint) encode(w io.Writer, each iter.Seq2[[]byte, error]) error {
	head := *c
	head.Logs, head.Generations = nil, nil
	b, err := json.Marshal(&head)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	out := &lister{w: w}
	out.put(bytes.TrimSuffix(b, []byte(`"logs":null,"generations":null}`)))
	out.put([]byte("\n\"logs\":["))
	for i := range c.Logs {
		line, err := json.Marshal(&c.Logs[i])
		if err != nil {
			return fmt.Errorf("encode log: %w", err)
		}
		out.element(line)
	}
	out.put([]byte("\n],\n\"generations\":["))
	out.begun = false
	for line, err := range each {
		if err != nil {
			return err
		}
		out.element(line)
	}
	out.put([]byte("\n]}\n"))
	return out.err
}

// A lister writes lists, an element a line, up to the first error.
type lister struct {
	w     io.Writer
	begun bool // the list has an element
	err   error
}

func (l *lister) element(b []byte) {
	if l.begun {
		l.put([]byte(","))
	}
	l.begun = true
	l.put([]byte("\n"))
	l.put(b)
}

func (l *lister) put(b []byte) {
	if l.err == nil {
		_, l.err = l.w.Write(b)
	}
}

// decode reads a checkpoint without holding all of its generations at once: each is
// handed on. If nobody wants them they are only checked; if somebody does, all else
// is passed over.
func (c *Checkpoint) decode(d *json.Decoder, each func(*Generation)) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("it does not begin with {"), err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		switch key {
		case "version":
			err = d.Decode(&c.Version)
		case "saved":
			err = d.Decode(&c.Saved)
		case "clock":
			err = d.Decode(&c.Clock)
		case "journal":
			err = d.Decode(&c.Journal)
		case "sources":
			err = d.Decode(&c.Sources)
		case "logs":
			err = decodeList(d, func(l *Log) error {
				if each == nil {
					c.Logs = append(c.Logs, *l)
				}
				return nil
			})
		case "generations":
			err = decodeList(d, func(g *Generation) error {
				if err := g.Check(); err != nil || each == nil {
					return err
				}
				each(g)
				return nil
			})
		default:
			var ignored json.RawMessage
			err = d.Decode(&ignored)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("it goes on behind its end")
	}
	return nil
}

func decodeList[T any](d *json.Decoder, each func(*T) error) error {
	switch t, err := d.Token(); {
	case err != nil:
		return err
	case t == nil: // null
		return nil
	case t != json.Delim('['):
		return errors.New("there is no list where one should be")
	}
	for d.More() {
		var v T
		if err := d.Decode(&v); err != nil {
			return err
		}
		if err := each(&v); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// A Clock is a machine's from one boot to the next, while nobody sets it.
type Clock struct {
	Boot string    `json:"boot"` // names the boot
	At   time.Time `json:"at"`   // when that was, by this clock
}

// A Source is what is known of a set of files that is followed.
type Source struct {
	Followed time.Time `json:"followed_since"`
	Dir      Path      `json:"dir,omitempty"`   // where it was
	Late     bool      `json:"late,omitempty"`  // it could not be listed at Followed
	Early    []Early   `json:"early,omitempty"` // files that were there at Followed and are not decided about
	Left     []byte    `json:"left,omitempty"`  // hashes, of 8 bytes each, of files that are left alone since they are old
}

// An Early is a file that was there when a source was new.
type Early struct {
	Device  uint64 `json:"device"`
	Inode   uint64 `json:"inode"`
	Size    int64  `json:"size"`
	Changed int64  `json:"changed"` // its mtime, in nanoseconds since 1970
}

// A Log is what is known of a log besides its generations.
type Log struct {
	Source string    `json:"source"`
	File   Path      `json:"file"`
	Newest time.Time `json:"newest_settled_write"`
	Clock  time.Time `json:"clock,omitzero"`
}

// A Generation is what is known of one file between two rotations.
type Generation struct {
	ID      string       `json:"id"`
	Source  string       `json:"source"`
	File    Path         `json:"file"` // the log's live name
	Path    Path         `json:"path"` // where the generation was last
	Live    bool         `json:"live,omitempty"`
	Born    time.Time    `json:"born"`
	Size    int64        `json:"size"`
	Settled int64        `json:"settled"`
	Clock   time.Time    `json:"clock,omitzero"`
	Cut     bool         `json:"cut,omitempty"`
	Written time.Time    `json:"written"`
	Changed time.Time    `json:"changed"` // the file's mtime when last looked at
	Device  uint64       `json:"device"`
	Inode   uint64       `json:"inode"`
	OnDisk  int64        `json:"on_disk"` // size of the file itself, which may be compressed
	Packed  file.Packing `json:"packed,omitempty"`
	Ended   bool         `json:"ended,omitempty"` // a compressed file was read to its end: Size is that of all of it
	Missing time.Time    `json:"missing_since,omitzero"`
	Lost    bool         `json:"lost,omitempty"`
	CopyOf  string       `json:"copy_of,omitempty"` // id of the generation that it was a copy of, up to Settled
	From    int64        `json:"from,omitempty"`    // where it begins: what stands before is another's, or was not wanted
	Gaps    []entry.Gap  `json:"gaps,omitempty"`
	Print
}

// A Print is what a file is recognized by.
type Print struct {
	Head  int    `json:"head"` // bytes at the beginning that are known
	Heads []Hash `json:"heads,omitempty"`
	Marks []Mark `json:"marks,omitempty"`
	Ends  []Mark `json:"ends,omitempty"`  // what Lines was in the release before
	Lines Marks  `json:"lines,omitempty"` // where the last entries end
	At    Hash   `json:"at"`              // what stands before Settled
}

// A Mark is a hash of what stands before an offset.
type Mark struct {
	At   int64 `json:"at"`
	Hash Hash  `json:"hash"`
}

// Marks are many that lie close together: as text they are a third of what they are one
// by one.
type Marks []Mark

// MarshalText implements encoding.TextMarshaler.
func (l Marks) MarshalText() ([]byte, error) {
	var b []byte
	at := int64(0)
	for _, m := range l {
		b = binary.BigEndian.AppendUint64(binary.AppendVarint(b, m.At-at), uint64(m.Hash))
		at = m.At
	}
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Marks) UnmarshalText(text []byte) error {
	b, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	*l = nil
	for at := int64(0); len(b) > 0; {
		d, n := binary.Varint(b)
		if n <= 0 || len(b) < n+8 {
			return errors.New("marks that break off")
		}
		at += d
		*l = append(*l, Mark{at, Hash(binary.BigEndian.Uint64(b[n:]))})
		b = b[n+8:]
	}
	return nil
}

// A Path is a path, which may hold any bytes. JSON strings do not: a path
// that is no UTF-8 is written as a quoted string of Go, which no path is.
type Path string

// Move is where p is by now if the directory from has become to.
func (p Path) Move(from, to string) Path {
	if rel, err := filepath.Rel(from, string(p)); err == nil && filepath.IsLocal(rel) {
		return Path(filepath.Join(to, rel))
	}
	return p
}

// MarshalText implements encoding.TextMarshaler.
func (p Path) MarshalText() ([]byte, error) {
	if utf8.ValidString(string(p)) && !strings.HasPrefix(string(p), `"`) {
		return []byte(p), nil
	}
	return strconv.AppendQuoteToASCII(nil, string(p)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Path) UnmarshalText(b []byte) error {
	*p = Path(b)
	if s, err := strconv.Unquote(string(b)); err == nil && strings.HasPrefix(string(b), `"`) {
		*p = Path(s)
	}
	return nil
}

// A Hash is written in hexadecimal, since JSON numbers do not hold 64 bits.
type Hash uint64

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%016x", uint64(h)), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error {
	v, err := strconv.ParseUint(string(b), 16, 64)
	*h = Hash(v)
	return err
}

// Check says what is wrong with s, for whoever reads it back. To leave one
// generation out would send its file again under another id.
func (s *Generation) Check() error {
	id, err := hex.DecodeString(s.ID)
	switch {
	case err != nil || len(id) != idBytes:
		return fmt.Errorf("generation %q: not an id", s.ID)
	case s.Head < 0 || s.Head > file.HeadBytes || len(s.Heads) != len(file.HeadSizes(s.Head)):
		return fmt.Errorf("generation %q: hashes do not fit its head", s.ID)
	case s.Settled < 0 || s.Size < 0:
		return fmt.Errorf("generation %q: a negative offset", s.ID)
	}
	for _, m := range slices.Concat(s.Marks, s.Ends, s.Lines) {
		if m.At < 0 {
			return fmt.Errorf("generation %q: a negative offset", s.ID)
		}
	}
	return nil
}

// idBytes is how long the id of a generation is.
const idBytes = 16
