package known

import (
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// A lookup finds generations without going through all that are known: new files come
// by the hundred, and each may be one of theirs. Under the zero value nothing is found.
type lookup[K comparable] map[K][]*Generation

// add is for one that is not found by k yet: of very many logs that begin alike none is
// to be gone through for that.
func (l lookup[K]) add(k K, g *Generation) {
	if k != *new(K) {
		l[k] = append(l[k], g)
	}
}

func (l lookup[K]) remove(k K, g *Generation) {
	rest := slices.DeleteFunc(l[k], func(o *Generation) bool { return o == g })
	if l[k] = rest; len(rest) == 0 {
		delete(l, k)
	}
}

// keyed changes where g is, which is found by that. The caller holds x.mu.
func (g *Generation) keyed(change func()) {
	x, was := g.fam.Src.index, g.at.Key
	if change(); g.at.Key != was {
		x.byKey.remove(was, g)
		x.byKey.add(g.at.Key, g)
	}
}

// holder is the generation whose file was found to be the one of that key, a segment's
// before all others. The caller holds x.mu or is the scheduler.
func (x *Index) holder(key file.Key) (holder *Generation) {
	for _, g := range x.byKey[key] {
		if g.at.IsFound() && (holder == nil || g.fam.Src.Format != nil) {
			holder = g
		}
	}
	return holder
}

// Holds says whether a generation is in the file of that key. The scheduler asks.
func (x *Index) Holds(key file.Key) bool { return x.holder(key) != nil }

// learnStarts brings byStart up to date. The caller holds x.mu.
func (x *Index) learnStarts() {
	for _, o := range x.readers.Grown() {
		g := o.(*Generation)
		if h := g.HashOf(match.Little); h != g.start && !g.dropped {
			x.byStart.remove(g.start, g)
			x.byStart.add(h, g)
			g.start = h
		}
	}
}
