package inspect

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// inspectBytes is read at a time.
const inspectBytes = 64 << 10

var (
	errTooLong  = errors.New("too long to be unpacked at once")
	errNotAsked = errors.New("no bytes before this offset were kept")
	errChanged  = errors.New("file has changed meanwhile")
)

// An Inspection is what a compressed file was found to hold when it was read
// once from its beginning to its end.
type Inspection struct {
	stat    file.Stat
	src     *file.Packed
	wanted  []int64 // offsets, ascending
	origs   []original
	left    map[any]bool     // generations that begin in the same way, and were not compared
	length  int64            // uncompressed
	windows map[int64][]byte // what stands before the wanted offsets and the end
	err     error
	done    chan struct{} // closed when all of that is known; nil if it was not begun
	giveUp  func() bool   // asked for each piece whether anybody still wants to know; nil if somebody does
	piece   func(int64)   // tests: called for each piece that is read, with its end
	asked   bool          // since Desk.Tidy was called last
	missed  bool          // it was asked for bytes that were not kept
}

// An original is a file that the inspected one may be a copy of.
type original struct {
	gen  any // of match.Known.Ref
	src  io.ReaderAt
	own  io.Closer // src, if it was opened for the inspection
	same bool      // so far
}

// ReadAt gives back the bytes before a wanted offset, so that marks can be
// compared with them.
func (in *Inspection) ReadAt(b []byte, off int64) (int, error) {
	w, ok := in.windows[off+int64(len(b))]
	if !ok || len(w) < len(b) {
		in.missed = in.missed || off+int64(len(b)) <= in.length
		return 0, errNotAsked
	}
	return copy(b, w[len(w)-len(b):]), nil
}

// CopyOf says whether k's file holds all that was inspected.
func (in *Inspection) CopyOf(k *match.Known) bool {
	i := slices.IndexFunc(in.origs, func(o original) bool { return o.gen == k.Ref })
	if i < 0 {
		in.missed = in.missed || !in.left[k.Ref]
		return false
	}
	return in.origs[i].same
}

// Length implements match.Archive.
func (in *Inspection) Length() int64 { return in.length }

// Changed says whether the file is not any more what was inspected.
func (in *Inspection) Changed() bool { return in.err == errChanged }

// End is what the file is known by at its end.
func (in *Inspection) End() file.Mark { return file.MarkOf(in.windows[in.length], in.length) }

// over says whether all is known that will be.
func (in *Inspection) over() bool {
	if in.done == nil {
		return false
	}
	select {
	case <-in.done:
		return true
	default:
		return false
	}
}

// Broken implements match.Archive.
func (in *Inspection) Broken() error { return in.err }

// Missed implements match.Archive.
func (in *Inspection) Missed() bool { return in.missed }

// run reads the file, up to limit bytes of it unpacked.
func (in *Inspection) run(ctx context.Context, limit int64) {
	defer func() {
		for _, o := range in.origs {
			if o.own != nil {
				o.own.Close()
			}
		}
	}()
	dec, err := file.NewDecoder(in.src.File, in.src.Packing)
	if err != nil {
		in.err = file.DecodeError(err)
		return
	}
	defer dec.Close()
	buf := make([]byte, file.MarkBytes+inspectBytes)
	compare := make([]byte, inspectBytes)
	kept, pos := 0, int64(0)
	for {
		n, err := dec.Read(buf[kept : kept+inspectBytes])
		in.keep(buf[:kept+n], pos, n)
		in.compare(buf[kept:kept+n], compare, pos)
		pos += int64(n)
		if in.piece != nil {
			in.piece(pos)
		}
		all := buf[:kept+n]
		last := all[max(0, len(all)-file.MarkBytes):]
		switch {
		case err == io.EOF:
			in.length = pos
			in.windows[pos] = slices.Clone(last)
			return
		case err != nil:
			in.err = file.DecodeError(err)
		case ctx.Err() != nil, in.giveUp != nil && in.giveUp():
			in.err = errChanged
		case pos > limit:
			in.err = errTooLong
		}
		if in.err != nil {
			return
		}
		kept = copy(buf, last)
	}
}

// keep remembers what stands before the wanted offsets among the last n bytes of
// b, which begin at pos.
func (in *Inspection) keep(b []byte, pos int64, n int) {
	i, _ := slices.BinarySearchFunc(in.wanted, pos, cmp.Compare)
	for ; i < len(in.wanted) && in.wanted[i] <= pos+int64(n); i++ {
		end := len(b) - n + int(in.wanted[i]-pos)
		in.windows[in.wanted[i]] = slices.Clone(b[max(0, end-file.MarkBytes):end])
	}
}

// compare compares b, which begins at pos, with the files it may be a copy of.
func (in *Inspection) compare(b, buf []byte, pos int64) {
	for i := range in.origs {
		o := &in.origs[i]
		if !o.same {
			continue
		}
		n, err := o.src.ReadAt(buf[:len(b)], pos)
		if err != nil && err != io.EOF {
			in.err = errChanged
		}
		o.same = string(buf[:n]) == string(b)
	}
}
