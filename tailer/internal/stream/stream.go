// Package stream cuts logs that are not followed as if they were: whatever is read
// from its beginning to its end, once.
package stream

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// maxEntry is how long an entry may be if nobody says.
const maxEntry = 8 << 20

// A Stream reads logs that are not followed: a file that somebody mailed, or
// standard input. It cuts them as a Tailer would, but keeps no positions.
type Stream struct {
	Origin   string       // Origin.Source of its batches
	Path     string       // Origin.Path
	Name     string       // of the file; what kind of log it is follows from it, and whether it is compressed
	Rules    []rules.Rule // none reads line by line
	MaxEntry int          // bytes of one entry; 0 is 8 MiB
	Timezone *time.Location
	SafeCut  func(text []byte) int // as in Config
	Format   entry.Format          // if set, cuts the file into entries, whatever the rules say
	Buffer   int                   // bytes read at a time, more for longer entries; 0 is as much as a batch holds
}

// Read cuts r into batches and calls next with each, until r ends or next
// fails. The generation is a hash of Path, so that the same file gives the same
// records each time.
func (s Stream) Read(r io.Reader, next func(entry.Batch) error) error {
	r, done, err := s.unpack(r)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer done()
	rule := s.rule()
	hash := sha256.Sum256([]byte(s.Path))
	origin := &entry.Origin{Source: s.Origin, Log: rule.Log, Path: s.Path, Generation: [16]byte(hash[:16]), Born: time.Now()}
	return s.Cut(r, origin, rule.Form, next)
}

// Cut is Read for text that is not compressed, and of which it is known what it is.
func (s Stream) Cut(r io.Reader, origin *entry.Origin, form entry.Form, next func(entry.Batch) error) error {
	s.MaxEntry, s.Buffer = cmp.Or(s.MaxEntry, maxEntry), cmp.Or(s.Buffer, entry.BatchBytes)
	in := input{Stream: s, form: form, origin: origin, r: r, buf: make([]byte, s.Buffer+1)}
	return in.run(next)
}

func (s Stream) unpack(r io.Reader) (io.Reader, func(), error) {
	switch _, packed := file.UnpackedName(s.Name); packed {
	case file.Gzip:
		z, err := gzip.NewReader(r)
		return z, func() {}, err
	case file.Zstd:
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(file.MaxWindow))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return r, func() {}, nil
}

// rule finds how a file of this name is followed; a rotated name counts for
// the live one.
func (s Stream) rule() rules.Rule {
	name, _ := file.UnpackedName(filepath.ToSlash(s.Name))
	dir, base := path.Split(name)
	after, before := file.LiveNames(base)
	for i, base := range []string{base, after, before} {
		if base == "" {
			continue
		}
		for _, r := range s.Rules {
			ok, _ := path.Match(r.Pattern, base)
			inDir, _ := path.Match(r.Pattern, path.Join(path.Base(dir), base))
			if !ok && !inDir || i == 0 && before != "" && file.HasMeta(r.Pattern) && !r.Ring && !r.Small {
				continue // sora-20261121.jsonl is a rotated sora.jsonl
			}
			if r.Log == "" {
				r.Log = file.LogName(base)
			}
			return r
		}
	}
	return rules.Rule{Log: file.LogName(base)}
}

// An input is a Stream under way.
type input struct {
	Stream
	form   entry.Form
	origin *entry.Origin
	r      io.Reader
	eof    bool

	buf    []byte
	n      int   // bytes in buf
	at     int64 // offset of buf[0]
	cutter entry.Cutter
}

func (in *input) run(next func(entry.Batch) error) error {
	for {
		if err := in.fill(); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		c := in.split()
		if len(c.Entries) > 0 {
			if err := next(entry.Batch{Origin: in.origin, Entries: c.Entries}); err != nil {
				return err
			}
		}
		if in.eof && (c.Taken == in.n || c.Taken == 0) {
			return nil
		}
		if c.Taken == 0 {
			in.buf = append(in.buf, make([]byte, len(in.buf))...) // the entry is longer than the buffer
			continue
		}
		in.n = copy(in.buf, in.buf[c.Taken:in.n])
		in.at += int64(c.Taken)
	}
}

func (in *input) fill() error {
	n, err := io.ReadFull(in.r, in.buf[in.n:])
	in.n += n
	in.eof = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if in.eof {
		return nil
	}
	return err
}

// split cuts what is in the buffer.
func (in *input) split() *entry.Cutter {
	c := &in.cutter
	*c = entry.Cutter{
		Entries: c.Entries[:0], Now: time.Now(), MaxEntry: in.MaxEntry, SafeCut: in.SafeCut, Zone: in.Timezone,
		Base: in.at, Clock: c.Clock, Cut: c.Cut,
	}
	data := in.buf[:in.n]
	if in.Format != nil {
		c.Formatted(in.Format, data, in.eof)
		return c
	}
	switch in.form {
	case entry.Clocked:
		c.Clocked(data, in.eof)
	case entry.Reports:
		c.Reports(data, in.eof)
	case entry.Quoted:
		c.Quoted(data, in.eof)
	case entry.Whole:
		if in.eof {
			c.Whole(data)
		}
	case entry.Dump:
		if in.at == 0 {
			c.Dump(data[:min(len(data), entry.DumpHead)])
		}
		c.Taken = len(data) // the rest of a dump is passed over
	default:
		c.Lines(data, in.eof)
	}
	return c
}
