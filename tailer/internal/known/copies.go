package known

import (
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// idOf is the id of the generation that a decision is about, "" if it has none.
func (x *Index) idOf(k *match.Known) string {
	if g, ok := k.Ref.(*Generation); ok {
		return g.HexID()
	}
	for g := range x.generations() {
		if g.at.Path == k.Path && g.at.IsFound() {
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
	for g := range x.generations() {
		if g.IsHeld() {
			held = append(held, g)
		}
	}
	if len(held) > 0 {
		for g := range x.generations() {
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
	v := x.View(slices.Values(gens), nil)
	defer v.Close()
	k, o := v.Known[0], (*match.Known)(nil)
	if orig != nil {
		o = v.Known[1]
	}
	at, over := match.Diverged(k, o, g.at.Quiet(now) >= x.cfg.RotateWait)
	size := int64(-1)
	if k.Content != nil {
		size = k.Content.Size()
	}
	var head []byte
	if at.At > k.Read.At {
		head, _ = file.ReadHead(k.Content, size) // a short one is taken in as such
	}
	g.Compared(at, head, over, size)
}
