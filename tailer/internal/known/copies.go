package known

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// idOf is the id of the generation that a decision is about, "" if it has none.
func (x *Index) idOf(k *match.Known) string {
	if g, ok := k.Ref.(*Generation); ok {
		return g.HexID()
	}
	for g := range x.Generations() {
		if g.Path == k.Path && g.Missing.IsZero() {
			return g.HexID()
		}
	}
	return ""
}

// CompareCopies looks at copies of other logs that have grown. What they hold of
// their original is passed over; from where they differ they are read.
func (x *Index) CompareCopies(now time.Time) {
	var held []*Generation
	byID := map[string]*Generation{}
	x.mu.Lock()
	for g := range x.Generations() {
		if g.IsHeld() {
			held = append(held, g)
		}
	}
	if len(held) > 0 {
		for g := range x.Generations() {
			byID[g.HexID()] = g
		}
	}
	x.mu.Unlock()
	for _, g := range held {
		x.compareCopy(g, byID[g.View().CopyOf], now)
	}
}

func (x *Index) compareCopy(g, orig *Generation, now time.Time) {
	gens := []*Generation{g}
	if orig != nil {
		gens = append(gens, orig)
	}
	v := x.View(gens, nil)
	defer v.Close()
	k := v.Known[0]
	at, over := k.Read, true
	if size := contentSize(k); orig != nil && v.Known[1].Content != nil && size >= k.Read.At {
		o := v.Known[1].Content
		n := file.Common(o, k.Content, min(size, max(0, o.Size())))
		if over = n < size && (size >= match.Little || now.Sub(g.Changed) >= x.cfg.RotateWait); n < size {
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
