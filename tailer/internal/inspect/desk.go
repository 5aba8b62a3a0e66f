package inspect

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// InlineBytes is how much of a compressed file is unpacked at once. A larger one is
// unpacked by a goroutine, one at a time, since all other files would have to wait.
const InlineBytes = 4 << 20

// A Desk has compressed files inspected. One goroutine asks it.
type Desk struct {
	Running  *sync.WaitGroup // of the goroutine
	Finished func()          // called when a file was inspected that was not at once
	Hurried  func() bool     // nothing may wait
	Piece    func(end int64) // tests: called for each piece that is read, with its end

	inspections map[file.Key]*Inspection
	aside       atomic.Bool // one is under way on the goroutine
}

// A subject is a compressed file that is to be inspected.
type subject struct {
	*Opened
	src    *file.Packed
	passed bool // it is left alone, and only its length is of interest
}

// Inspect returns what o, which is compressed, holds, seen for all generations of known
// that begin in the same way. It returns nil if that will be known later only. Of what is
// passed only the length is of interest.
func (d *Desk) Inspect(ctx context.Context, known []*match.Known, o *Opened, passed bool) *Inspection {
	s := subject{Opened: o, passed: passed}
	in := d.inspections[s.Stat.Key]
	if in != nil && in.stat.Like(s.Stat) {
		in.asked = true
		if in.done == nil {
			d.inspectAside(ctx, known, in, s) // it was left unchanged since the last scan
			return nil
		}
		if !in.over() {
			return nil
		}
		if in.err == errChanged {
			d.Drop(s.Stat.Key)
			return nil
		}
		return in
	}
	var done func()
	if s.src, done = o.unpack(); s.src == nil {
		return nil
	}
	defer done()
	in = d.begin(known, s, false)
	if in.run(ctx, InlineBytes); in.err != errTooLong {
		return in
	}
	if d.inspections == nil {
		d.inspections = map[file.Key]*Inspection{}
	}
	in = &Inspection{stat: s.Stat, asked: true}
	d.inspections[s.Stat.Key] = in
	if d.Hurried() {
		d.inspectAside(ctx, known, in, s)
	}
	return nil
}

// inspectAside begins an inspection on a goroutine of its own, unless one is
// under way.
func (d *Desk) inspectAside(ctx context.Context, known []*match.Known, in *Inspection, s subject) {
	if d.aside.Load() {
		return
	}
	src, st, err := s.open()
	if err != nil || !st.Like(in.stat) {
		if err == nil {
			src.Close()
		}
		d.Drop(s.Stat.Key)
		return
	}
	s.src = src.(*file.Packed)
	begun := d.begin(known, s, true)
	begun.asked, begun.done = true, make(chan struct{})
	d.inspections[s.Stat.Key] = begun
	d.aside.Store(true)
	d.Running.Go(func() {
		begun.run(ctx, 1<<62)
		src.Close()
		close(begun.done)
		d.aside.Store(false)
		d.Finished()
	})
}

// begin prepares an inspection of s. One that goes on aside needs files of its own
// to compare with.
func (d *Desk) begin(known []*match.Known, s subject, aside bool) *Inspection {
	in := &Inspection{stat: s.Stat, src: s.src, windows: map[int64][]byte{}, piece: d.Piece}
	if s.passed {
		in.giveUp = d.Hurried
	}
	var there []*match.Known
	for _, k := range known {
		if _, same := k.Fingerprint.Agrees(s.Head); !same || k.Fingerprint.HeadLen == 0 {
			continue
		}
		in.wanted = append(in.wanted, k.Read.At)
		for _, m := range slices.Concat(k.Fingerprint.Marks, k.Fingerprint.Recent) {
			in.wanted = append(in.wanted, m.At)
		}
		if k.Content != nil {
			there = append(there, k)
		}
	}
	there, in.left = nearest(there, s.Stat)
	for _, k := range there {
		o := original{gen: k.Ref, src: k.Content, same: true}
		if aside {
			if own, ok := k.Content.(*file.Lazy).Again(); ok {
				o.src, o.own = own, own
			}
		}
		in.origs = append(in.origs, o)
	}
	slices.Sort(in.wanted)
	in.wanted = slices.Compact(in.wanted)
	return in
}

// mostOriginals is with how many files one is compared that begin in the same way.
const mostOriginals = 16

// nearest are those of list with which a compressed file is compared, and the others. Of
// many they are the ones that were written last at about the time that it has: a
// compressor passes that on.
func nearest(list []*match.Known, st file.Stat) (near []*match.Known, left map[any]bool) {
	if len(list) <= mostOriginals {
		return list, nil
	}
	away := func(k *match.Known) int64 { return max(k.Stat.Mtime-st.Mtime, st.Mtime-k.Stat.Mtime) }
	slices.SortStableFunc(list, func(a, b *match.Known) int { return cmp.Compare(away(a), away(b)) })
	left = map[any]bool{}
	for _, k := range list[mostOriginals:] {
		left[k.Ref] = true
	}
	return list[:mostOriginals], left
}

// Busy says whether a file is inspected beside all else.
func (d *Desk) Busy() bool { return d.aside.Load() }

// Drop forgets what is known of a file: it was not enough, or is not true any more.
func (d *Desk) Drop(key file.Key) { delete(d.inspections, key) }

// Tidy forgets what was not asked for since it was called last, and returns how many
// inspections are not over yet.
func (d *Desk) Tidy() (pending int) {
	for key, in := range d.inspections {
		over := in.over()
		switch {
		case !in.asked && (over || in.done == nil):
			d.Drop(key)
		case !over && in.asked:
			pending++
		}
		in.asked = false
	}
	return pending
}
