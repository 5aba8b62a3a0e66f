package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// idOf is the id of the generation that a decision is about, "" if it has none.
func (x *index) idOf(k *match.Known) string {
	if g, ok := k.Ref.(*generation); ok {
		return g.hexID()
	}
	for g := range x.generations() {
		if g.path == k.Path && g.missing.IsZero() {
			return g.hexID()
		}
	}
	return ""
}

// compareCopies looks at copies of other logs that have grown. What they hold of
// their original is passed over; from where they differ they are read.
func (x *index) compareCopies(now time.Time) {
	var held []*generation
	byID := map[string]*generation{}
	x.mu.Lock()
	for g := range x.generations() {
		if g.IsHeld() {
			held = append(held, g)
		}
	}
	if len(held) > 0 {
		for g := range x.generations() {
			byID[g.hexID()] = g
		}
	}
	x.mu.Unlock()
	for _, g := range held {
		x.compareCopy(g, byID[g.View().CopyOf], now)
	}
}

func (x *index) compareCopy(g, orig *generation, now time.Time) {
	gens := []*generation{g}
	if orig != nil {
		gens = append(gens, orig)
	}
	v := x.view(gens, nil)
	defer v.close()
	k := v.known[0]
	at, over := k.Read, true
	if size := contentSize(k); orig != nil && v.known[1].Content != nil && size >= k.Read.At {
		o := v.known[1].Content
		n := file.Common(o, k.Content, min(size, max(0, o.Size())))
		if over = n < size && (size >= match.Little || now.Sub(g.changed) >= x.cfg.RotateWait); n < size {
			n = match.LineStart(k.Content, n)
		}
		if n > at.At && n >= match.Little && (n == size || match.EndsLine(k.Content, n)) {
			if m, err := file.ReadMark(k.Content, n); err == nil {
				at = m
			}
		}
	}
	var head []byte
	if at.At > k.Read.At {
		head, _ = file.ReadHead(k.Content, contentSize(k)) // a short one is taken in as such
	}
	g.Compared(at, head, over, contentSize(k))
}

// contentSize is the size of what k's file holds at present, -1 if it is not known.
func contentSize(k *match.Known) int64 {
	if k.Content == nil {
		return -1
	}
	return k.Content.Size()
}
