package saved

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/cespare/xxhash/v2"
)

// A Change is what has changed of one thing that is saved. A journal holds changes,
// one a line; of several of one thing the last one counts.
type Change struct {
	Journal    string      `json:"journal,omitempty"` // first line: whose journal it is
	Name       string      `json:"name,omitempty"`    // of Source
	Source     *Source     `json:"source,omitempty"`
	Log        *Log        `json:"log,omitempty"`
	Generation *Generation `json:"generation,omitempty"`
	Forgotten  string      `json:"forgotten,omitempty"`     // id of a generation
	NoLog      *Log        `json:"forgotten_log,omitempty"` // of which only what it is called counts
	Sum        *Hash       `json:"sum,omitempty"`           // last line of those that were saved together: their hash
}

// The sizes of a journal.
const (
	leastJournal = 1 << 20  // it may become that large, whatever the size of its checkpoint
	mostJournal  = 16 << 20 // and no larger than that, since it is held while it is read
)

// Appendable says whether changes can be appended, and need not be written as a
// whole: a checkpoint with a journal was written, and that journal has not become
// as large as the checkpoint. So what is written is bounded by what changes.
func (s *Store) Appendable() bool {
	return s.journal != "" && s.journaled < min(max(leastJournal, s.whole), mostJournal)
}

// Journaled says whether the checkpoint on disk has a journal, written by this
// process or by one before.
func (s *Store) Journaled() bool { return s.partial }

// Forget has the next checkpoint written as a whole: what is on disk is not there
// any more.
func (s *Store) Forget() { s.journal = "" }

// Append saves what has changed. After an error only Replace can save it.
func (s *Store) Append(changes []Change) error {
	if err := s.Fail.Load(); err != nil {
		s.journal = ""
		return *err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if s.journaled == 0 {
		if err := enc.Encode(Change{Journal: s.journal}); err != nil {
			return fmt.Errorf("encode journal: %w", err)
		}
	}
	begin := b.Len()
	for i := range changes {
		if err := enc.Encode(&changes[i]); err != nil {
			return fmt.Errorf("encode journal: %w", err)
		}
	}
	if err := enc.Encode(Change{Sum: new(Hash(xxhash.Sum64(b.Bytes()[begin:])))}); err != nil {
		return fmt.Errorf("encode journal: %w", err)
	}
	if err := s.appendJournal(b.Bytes()); err != nil {
		s.journal = "" // how much of it is there nobody knows
		return fmt.Errorf("write journal: %w", err)
	}
	s.journaled += int64(b.Len())
	return nil
}

func (s *Store) appendJournal(text []byte) error {
	path := filepath.Join(s.Dir, journalFile)
	if s.journaled > 0 {
		return s.appendTo(path, text)
	}
	if _, err := s.create(path, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	return s.syncDir()
}

// changes are what a journal says; nil for what is forgotten.
type changes struct {
	sources     map[string]*Source
	logs        map[logName]*Log
	generations map[string]*Generation
}

type logName struct {
	source string
	file   Path
}

// readJournal reads a journal as far as it is whole: what was saved at last may
// have been cut short. "" is none.
func (s *Store) readJournal(id string) *changes {
	j := &changes{sources: map[string]*Source{}, logs: map[logName]*Log{}, generations: map[string]*Generation{}}
	if id == "" {
		return j
	}
	for _, name := range []string{journalFile, previousJournalFile} {
		switch found, err := j.read(filepath.Join(s.Dir, name), id); {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			s.log.Error("what was saved last cannot be read: what lies before it is used", "path", filepath.Join(s.Dir, name), "error", err)
			return j
		case found:
			return j
		}
	}
	return j
}

func (j *changes) read(path, id string) (found bool, err error) {
	f, err := openRegular(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	sum := xxhash.New()
	var together []Change
	for r := bufio.NewReaderSize(f, 64<<10); ; {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return found, nil // what has no end was never said to be saved
		}
		if err != nil {
			return found, err
		}
		var c Change
		if err := json.Unmarshal(line, &c); err != nil {
			return found, fmt.Errorf("%w: %w", errDamaged, err)
		}
		switch {
		case !found:
			if c.Journal != id {
				return false, nil
			}
			found = true
		case c.Sum == nil:
			_, _ = sum.Write(line) // never fails
			together = append(together, c)
		case uint64(*c.Sum) != sum.Sum64():
			return found, fmt.Errorf("%w: its sum is another", errDamaged)
		default:
			j.take(together)
			together = together[:0]
			sum.Reset()
		}
	}
}

func (j *changes) take(list []Change) {
	for i := range list {
		switch c := &list[i]; {
		case c.Source != nil:
			j.sources[c.Name] = c.Source
		case c.Log != nil:
			j.logs[logName{c.Log.Source, c.Log.File}] = c.Log
		case c.NoLog != nil:
			j.logs[logName{c.NoLog.Source, c.NoLog.File}] = nil
		case c.Generation != nil:
			j.generations[c.Generation.ID] = c.Generation
		case c.Forgotten != "":
			j.generations[c.Forgotten] = nil
		}
	}
}

// apply puts what has changed in the place of what c says, and hands generations
// to keep.
func (j *changes) apply(c *Checkpoint, keep func(*Generation)) {
	if c.Sources == nil {
		c.Sources = map[string]Source{}
	}
	for name, s := range j.sources {
		c.Sources[name] = *s
	}
	logs := c.Logs[:0]
	for _, l := range c.Logs {
		if _, changed := j.logs[logName{l.Source, l.File}]; !changed {
			logs = append(logs, l)
		}
	}
	c.Logs = logs
	for _, l := range j.logs {
		if l != nil {
			c.Logs = append(c.Logs, *l)
		}
	}
	for _, g := range j.generations {
		if g != nil && g.Check() == nil { // whoever wrote it had checked it
			keep(g)
		}
	}
}
