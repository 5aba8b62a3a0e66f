package match

import (
	"math/bits"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A decision is one call of Decide under way.
type decision struct {
	in    Input
	byLog map[*Log][]*Known
	lost  []*Known                          // those whose file no name leads to
	alike map[beginning]map[uint64][]*Known // by what they begin with
	live  map[*Log][]*Found                 // live files that are nobody's yet
	same  map[*Found]agreement
	given map[*Known]*Found
}

func (d *decision) of(l *Log) []*Known { return d.byLog[l] }

// A beginning is how much of the files of a log is compared to find those that are
// alike.
type beginning struct {
	log   *Log
	bytes int // a power of two
}

// beginLike are the generations of c's log that may begin as it does. Of thousands
// it looks at few: those that begin in the same way, and those of which too little is
// known.
func (d *decision) beginLike(c *Found) []*Known {
	n := min(len(c.Head), Little)
	if n == 0 {
		return d.of(c.Log)
	}
	b := beginning{c.Log, 1 << (bits.Len(uint(n)) - 1)}
	index := d.alike[b]
	if index == nil {
		index = map[uint64][]*Known{}
		for _, k := range d.of(c.Log) {
			h := k.Fingerprint.HashOf(b.bytes) // 0 is for what is shorter
			index[h] = append(index[h], k)
		}
		d.alike[b] = index
	}
	return slices.Concat(index[xxhash.Sum64(c.Head[:b.bytes])], index[0])
}

// Decide says what each file is: a verdict for each of in.Found, in the order in
// which they are to be applied. A live file comes before one that may be a copy
// of it.
func Decide(in Input) []Verdict {
	d := &decision{
		in: in, byLog: map[*Log][]*Known{}, alike: map[beginning]map[uint64][]*Known{}, live: map[*Log][]*Found{},
		same: map[*Found]agreement{}, given: map[*Known]*Found{},
	}
	for _, k := range in.Known {
		d.byLog[k.Log] = append(d.byLog[k.Log], k)
		if !k.Here {
			d.lost = append(d.lost, k)
		}
	}
	for _, c := range in.Found {
		if c.Live && c.Packed == file.Unpacked {
			d.live[c.Log] = append(d.live[c.Log], c)
		}
	}
	clues := make([]clue, len(in.Found))
	var all []agreement
	for i, c := range in.Found {
		var found []agreement
		clues[i], found = d.look(c)
		all = append(all, found...)
	}
	d.give(all)
	for i, c := range in.Found {
		if _, same := d.same[c]; !same && !clues[i].waits && clues[i].of == nil && !c.Aside {
			d.originalFound(c, &clues[i])
			clues[i].apart, clues[i].of = d.apart(c)
			d.copyOfRead(c, &clues[i])
			if clues[i].of == nil {
				d.putBack(c, &clues[i])
			}
			clues[i].waits = clues[i].waits || c.Archive != nil && c.Archive.Missed() || d.awaits(c, clues)
		}
	}
	d.copiesOfCopies(clues)
	var verdicts []Verdict
	for i, c := range in.Found {
		if v := d.verdict(c, clues[i]); v.What != New || !c.Live {
			clues[i].verdict = v
			continue
		}
		verdicts = append(verdicts, Verdict{Found: c, What: New})
	}
	for i := range clues {
		if v := clues[i].verdict; v.Found != nil {
			verdicts = append(verdicts, v)
		}
	}
	return verdicts
}

// A clue is what was found out about a file besides whose it can be.
type clue struct {
	waits   bool   // for more to be known
	orig    *Known // that holds all that the file does, and has a file of its own
	twin    *Found // a live file that does, and is nobody's yet
	apart   int64  // where a copy of another log went apart from it; 0 if it is none
	of      *Known // which is that
	back    bool   // it is one of c's own log
	verdict Verdict
}

// look compares c with what is known.
func (d *decision) look(c *Found) (q clue, found []agreement) {
	if c.Packed != file.Unpacked {
		for _, k := range d.wanting(c) {
			if k.leftIn(c) {
				return q, []agreement{{known: k, found: c, strong: true, whole: true, verified: k.Size}}
			}
		}
		if q.waits = c.Archive == nil || d.beingPacked(c) || d.stillRead(c) || c.Archive.Broken() == file.ErrIncomplete; q.waits {
			return q, nil
		}
	}
	if !c.Live && !c.Aside {
		q.orig, q.twin = d.original(c), d.twin(c)
	}
	elsewhere := sync.OnceValue(func() []*Known { return d.holders(c) })
	for _, k := range d.wanting(c) {
		a := d.compare(k, c)
		if a.verified < 0 || !d.mayBe(a) {
			continue
		}
		if q.orig != nil && a.verified < c.size() || q.twin != nil && k.Key != c.Stat.Key {
			continue // it is a copy
		}
		if k.Log != c.Log && a.verified < c.size() && slices.ContainsFunc(elsewhere(), func(o *Known) bool { return o != k && o.From <= k.Read.At }) {
			continue
		}
		if k.Log != c.Log && !a.strong {
			if !c.Aside {
				q.apart, q.of = c.size(), k // of what was read already, and lies elsewhere or nowhere
			}
			continue
		}
		found = append(found, a)
	}
	if c.Archive != nil && c.Archive.Missed() {
		return clue{waits: true}, nil
	}
	return q, found
}

// give gives each generation the file that it agrees with best.
func (d *decision) give(all []agreement) {
	slices.SortStableFunc(all, better)
	late := map[*Found][]agreement{} // those that came too late: the generation has another file by now
	for _, a := range all {
		switch _, taken := d.same[a.found]; {
		case taken:
		case d.given[a.known] != nil:
			late[a.found] = append(late[a.found], a)
		case !slices.ContainsFunc(late[a.found], func(b agreement) bool { return d.holdsOther(a, b) }):
			d.given[a.known] = a.found
			d.same[a.found] = a
		}
	}
}

// holdsOther says whether a's file, which agrees further with b's generation, is a copy of
// the file that this one has: all that both hold was read of one generation or the other,
// and where b's begins nothing is missing of a's.
func (d *decision) holdsOther(a, b agreement) bool {
	c, o := a.found, b.known
	if b.verified <= a.verified || a.known.Read.At < o.From {
		return false
	}
	if o.Log == c.Log {
		return !c.Live && d.given[o].Packed == file.Unpacked // it is compared with that once more
	}
	return likely(o, c)
}
