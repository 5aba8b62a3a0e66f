package match

import (
	"bytes"
	"cmp"
	"io"
	"math/bits"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
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
	elsewhere := sync.OnceValue(func() bool { return d.isElsewhere(c) })
	for _, k := range d.wanting(c) {
		a := d.compare(k, c)
		if a.verified < 0 || !d.mayBe(a) || q.orig != nil && a.verified < c.size() {
			continue
		}
		if k.Log != c.Log && a.verified < c.size() && elsewhere() {
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

// wanting are the generations that c can be the file of.
func (d *decision) wanting(c *Found) (list []*Known) {
	for _, k := range d.lost {
		if k.Log == c.Log || mayMove(k, c) {
			list = append(list, k)
		}
	}
	return list
}

// mayMove says whether c, which has another log's name, may be the file of k at
// all. What is one entry as a whole is told by its name, and so is a file that comes
// into a ring; one that leaves it is not.
func mayMove(k *Known, c *Found) bool {
	if k.Key != c.Stat.Key && (len(c.Head) < Little || k.Fingerprint.HashOf(Little) != c.start()) {
		return false
	}
	return (k.Log.linewise() || k.Log.ring()) && c.Log.linewise() && k.Log.Small == c.Log.Small
}

// mayBe says whether an agreement is enough to find a generation under another
// log's name.
func (d *decision) mayBe(a agreement) bool {
	k, c := a.known, a.found
	switch {
	case k.Log == c.Log:
		return true
	case k.Key == c.Stat.Key && k.Fingerprint.HeadLen > 0 && a.strong:
		return true // and begins as it did
	case c.Live && c.Log.Vendor && !sameName(k.Log, c.Log):
		return false
	case k.Open && k.readable() && c.Packed == file.Unpacked && likely(k.Log, c):
		return false // its own file is still there, without a name: c is a copy
	}
	return a.verified >= enough(k.Log, c.Log)
}

// enough is how many bytes two logs have to have in common for a file of one to
// be taken for one of the other. Of logs that nobody knows it could be that many
// begin with the same line; one that the rules know begins like no other.
func enough(known, found *Log) int64 {
	if known.Vendor || found.Vendor || sameName(known, found) {
		return Little
	}
	return file.HeadBytes
}

// give gives each generation the file that it agrees with best.
func (d *decision) give(all []agreement) {
	slices.SortStableFunc(all, better)
	for _, a := range all {
		if _, taken := d.same[a.found]; !taken && d.given[a.known] == nil {
			d.given[a.known] = a.found
			d.same[a.found] = a
		}
	}
}

// verdict says what c is.
func (d *decision) verdict(c *Found, q clue) Verdict {
	v := Verdict{Found: c}
	a, same := d.same[c]
	switch {
	case same:
		v.What, v.Known, v.Whole, v.Short, v.Unsure = Same, a.known, a.whole, !a.strong, a.lacks || !a.strong
	case q.waits && (c.Early == nil || c.Live || c.wanted()):
		v.What = Wait
	case c.Aside:
		v.What = Leave
	case q.of != nil && (c.Live || q.back || q.of.Log != c.Log):
		d.copied(&v, q)
	case c.Live:
		d.begin(&v)
	case c.Early != nil:
		d.early(&v, q)
	default:
		d.stranger(&v, q)
	}
	return v
}

// copied is for a file that holds what another generation does. It may still be
// copied; one with a rotated name may be a copy of what is truncated only then.
func (d *decision) copied(v *Verdict, q clue) {
	c := v.Found
	v.Known, v.At = q.of, q.apart
	if (v.At >= c.size() || !c.Live) && c.Unchanged < d.in.RotateWait && !d.in.Draining && c.Early == nil {
		v.What = Wait
		return
	}
	v.What = Copy
}

// begin is for a live file that nothing is known of.
func (d *decision) begin(v *Verdict) {
	v.What = New
	if early := v.Found.Early; early != nil && v.Found.Log.AtEnd {
		v.What = Old
		v.At = LineStart(v.Found.Content, min(early.Size, v.Found.Stat.Size))
	}
}

// early is for a rotated file that was there when its source was new.
func (d *decision) early(v *Verdict, q clue) {
	switch c := v.Found; {
	case !c.wanted():
		v.What, v.At = Old, c.size()
	case q.copied(c):
		v.What, v.Known = Leave, q.orig
	default:
		v.What = New
	}
}

// wanted says whether c, which was there when its source was new, may hold entries
// from the time on that was asked for.
func (c *Found) wanted() bool {
	return !c.Log.At.IsZero() && c.Early.Mtime >= c.Log.At.UnixNano()
}

// copied says whether another file holds all that c does, and that is enough to
// be sure.
func (q clue) copied(c *Found) bool {
	return (q.orig != nil || q.twin != nil) && (c.Packed != file.Unpacked || c.Stat.Size >= Little)
}

// stranger is for a file with a rotated name that is no known generation. It may
// be a copy in the making, so it has to be left unchanged for a while first.
func (d *decision) stranger(v *Verdict, q clue) {
	c := v.Found
	switch {
	case q.copied(c): // of too little, rather twice than not at all
		v.What, v.Reason, v.Known = Leave, "", q.orig
	case c.Refused:
		v.What, v.Reason = Leave, LeftOld
	case c.Unchanged < d.in.RotateWait && !d.in.Draining:
		v.What = Wait
	case c.Stat.Mtime < c.Log.Floor:
		v.What, v.Reason = Leave, LeftOld
	default:
		v.What = New
	}
}

// LeftOld is the reason for which an unknown rotated file is left alone.
const LeftOld = "older than what was read of its log"

// leftIn says whether c is the compressed file that k was left in, as it was.
func (k *Known) leftIn(c *Found) bool {
	n, same := k.Fingerprint.Agrees(c.Head)
	return c.Stat.Like(k.Stat) && k.Packed == c.Packed && k.Ended && k.Read.At >= k.Size &&
		(c.Path == k.Path || same && n > 0 && n == k.Fingerprint.HeadLen)
}

// beingPacked says whether c is being made by compressing another file, which is
// there still and is the one to read.
func (d *decision) beingPacked(c *Found) bool {
	plain, _ := file.UnpackedName(c.Path)
	return slices.ContainsFunc(d.in.Found, func(o *Found) bool {
		return o.Path == plain && bytes.Equal(o.Head, c.Head)
	})
}

// stillRead says whether a generation is still read from the file that has no
// name any more, and may be what c holds.
func (d *decision) stillRead(c *Found) bool {
	for _, k := range d.wanting(c) {
		if n, same := k.Fingerprint.Agrees(c.Head); same && n > 0 && k.Open && !k.Finished && k.Log == c.Log {
			return true
		}
	}
	return false
}

// original returns the generation of c's log, or of what c was packed from, whose file
// holds all that c does.
func (d *decision) original(c *Found) *Known {
	if plain, packed := file.UnpackedName(c.Path); packed != file.Unpacked {
		if i := slices.IndexFunc(d.in.Known, func(k *Known) bool { return k.Here && k.Path == plain && k.holdsAll(c) }); i >= 0 {
			return d.in.Known[i]
		}
	}
	like := d.beginLike(c)
	if i := slices.IndexFunc(like, func(k *Known) bool { return k.holdsAll(c) }); i >= 0 {
		return like[i]
	}
	return nil
}

// isElsewhere says whether the file of a generation of another log holds all that c does.
func (d *decision) isElsewhere(c *Found) bool {
	return len(c.Head) >= Little && slices.ContainsFunc(d.in.Known, func(k *Known) bool {
		return k.Here && k.Log != c.Log && k.Log.linewise() && k.Fingerprint.HashOf(Little) == c.start() && k.holdsAll(c)
	})
}

// holdsAll says whether k's file holds all that c does.
func (k *Known) holdsAll(c *Found) bool {
	if k.Content == nil || k.Fingerprint.HeadLen == 0 {
		return false
	}
	if _, same := k.Fingerprint.Agrees(c.Head); !same {
		return false
	}
	if c.Archive != nil {
		return c.Archive.Broken() == nil && c.Archive.CopyOf(k)
	}
	return c.Content != nil && file.Holds(k.Content, c.Content, k.Content.Size(), c.Content.Size())
}

// originalFound looks for the original of c, which has a rotated name, among what was
// found just now. What a compressed one holds is compared with that the next time.
func (d *decision) originalFound(c *Found, q *clue) {
	if c.Live || q.orig != nil {
		return
	}
	for _, k := range d.beginLike(c) {
		o := d.given[k]
		if o == nil || o.Packed != file.Unpacked || !bytes.HasPrefix(o.Head, c.Head) {
			continue
		}
		if c.Packed != file.Unpacked {
			q.waits = true
		} else if file.Holds(o.Content, c.Content, o.Content.Size(), c.Content.Size()) {
			q.orig = k
			return
		}
	}
}

// isCopy says whether c holds all that k's file does.
func (d *decision) isCopy(c *Found, k *Known) bool {
	return file.Holds(c.Content, k.Content, c.Content.Size(), k.Content.Size())
}

// twin returns the live file of c's log that holds all of c and is nobody's yet,
// if there is one. Where a log was replaced by a copy of itself, and copied
// besides, nothing else tells which of them the writer goes on in.
func (d *decision) twin(c *Found) *Found {
	if c.Packed != file.Unpacked || c.Stat.Size < Little {
		return nil
	}
	for _, l := range d.live[c.Log] {
		if bytes.HasPrefix(l.Head, c.Head) && file.Holds(l.Content, c.Content, l.Content.Size(), c.Content.Size()) {
			return l
		}
	}
	return nil
}

// mostOriginals is how many logs may begin like a file that is taken for a copy of
// one of them: what more of them begin with tells nothing, unless the rules know
// one of them by its name.
const mostOriginals = 4

// apart returns up to where c, which has a name of its own, holds what a
// generation of another log does, and which; or a file that the rules know by its
// name and that is as new as c. Files of one name in different directories are
// never copies of one another, nor is a log that has its name from the rules, nor
// are logs that nobody knows if both were there from the beginning.
func (d *decision) apart(c *Found) (at int64, of *Known) {
	if c.Live && c.Log.Vendor || !c.Log.linewise() || c.Log.Small || len(c.Head) < Little {
		return 0, nil
	}
	if c.Packed != file.Unpacked {
		return d.packedCopy(c)
	}
	originals := d.originals(c)
	if len(originals) > mostOriginals {
		originals = slices.DeleteFunc(originals, func(o *Known) bool { return !o.Log.Vendor })
	}
	slices.SortStableFunc(originals, func(a, b *Known) int { return cmp.Compare(enough(a.Log, c.Log), enough(b.Log, c.Log)) })
	for _, o := range originals {
		least := enough(o.Log, c.Log)
		if at > 0 {
			least = min(least, at+1) // it is a copy; what a copy of the same log holds besides tells of which
		}
		if n := commonPart(o.Content, c, least); n > at {
			at, of = n, o
		}
	}
	return at, of
}

// copyOfRead looks whether c, which has a name of its own, holds what was read of a log
// whose file is compressed by now or is gone.
func (d *decision) copyOfRead(c *Found, q *clue) {
	if c.Live && c.Log.Vendor || !c.Log.linewise() || c.Log.Small || c.Packed != file.Unpacked || len(c.Head) < Little {
		return
	}
	unpacked := 0
	for _, k := range d.in.Known {
		if k.readable() || !likely(k.Log, c) || k.Fingerprint.HashOf(Little) != c.start() {
			continue
		}
		if n, same := k.Fingerprint.Agrees(c.Head); !same || int64(n) < enough(k.Log, c.Log) {
			continue
		}
		at, all := k.heldBy(c, unpacked < mostOriginals)
		if all {
			unpacked++ // of many archives that begin alike the marks have to do
		}
		if at > q.apart {
			q.apart, q.of = at, k
		}
		q.waits = q.waits || at < c.Stat.Size && (d.given[k] != nil || !all && k.Packed != file.Unpacked && !k.Finished) // for the rest to be read
	}
	q.waits = q.waits && q.apart < c.Stat.Size
}

// smallArchive is up to how much of a compressed file is unpacked at once to compare a
// copy with it.
const smallArchive = 4 << 20

// heldBy returns up to where c holds what k does, as far as that is sure, and whether all
// of c was compared: of what was read, and cannot be read again at little cost, there are
// marks. What stands behind the last of them may be something else.
func (k *Known) heldBy(c *Found, unpack bool) (at int64, all bool) {
	size := c.Stat.Size
	if unpack && k.Content != nil && size <= smallArchive {
		return commonPart(k.Content, c, 1), true
	}
	if size >= k.Read.At && k.Read.Holds(c.Content) {
		return k.Read.At, false
	}
	for _, marks := range [][]file.Mark{k.Fingerprint.Recent, k.Fingerprint.Marks} {
		for _, m := range slices.Backward(marks) {
			if m.At <= size && m.At > at && m.Holds(c.Content) {
				at = m.At
			}
		}
	}
	return at, false
}

// putBack looks whether c is a rotated one of its log that was copied back to the log's
// own name, and perhaps rotated once more: it holds all of that one, and perhaps what
// was written since. Only of logs that the rules know, whose lines tell the time: others
// may well begin as they did before.
func (d *decision) putBack(c *Found, q *clue) {
	if !c.Log.Vendor || c.Log.Form != entry.Lines || c.Packed != file.Unpacked || len(c.Head) < Little || q.orig != nil {
		return
	}
	for _, k := range d.of(c.Log) {
		if !k.Here || !k.readable() || k.Key == c.Stat.Key || k.Fingerprint.HashOf(Little) != c.start() || !c.Live && k.Path == k.Log.Path {
			continue
		}
		size := k.Content.Size()
		switch n := file.Common(k.Content, c.Content, min(size, c.Stat.Size)); {
		case n == size && n > q.apart:
			q.apart, q.of, q.back = n, k, true
		case c.Live && n == c.Stat.Size && c.Unchanged < d.in.RotateWait && !d.in.Draining:
			q.waits = true // it may still be copied
		}
	}
	q.waits = q.waits && q.of == nil
}

// packedCopy returns the generation of another log whose file holds all that c,
// which is compressed, does.
func (d *decision) packedCopy(c *Found) (at int64, of *Known) {
	if c.Archive == nil || c.Archive.Broken() != nil {
		return 0, nil
	}
	for _, k := range d.in.Known {
		if k.Content == nil || !likely(k.Log, c) || c.Archive.Length() < enough(k.Log, c.Log) {
			continue
		}
		if n, same := k.Fingerprint.Agrees(c.Head); same && n > 0 && c.Archive.CopyOf(k) {
			return c.Archive.Length(), k
		}
	}
	return 0, nil
}

// likely says whether a file of l can be what c was copied from.
func likely(l *Log, c *Found) bool {
	return l != c.Log && !sameName(l, c.Log) && (l.linewise() || l.ring()) && !l.Small && (l.Vendor || c.Early == nil)
}

// copiesOfCopies looks at the files under names of their own that were found at once:
// one may be a copy of another, with what was written to that. The longest is taken
// for the original, since the others may still be copied.
func (d *decision) copiesOfCopies(clues []clue) {
	var own []int
	for i, c := range d.in.Found {
		if _, same := d.same[c]; !same && !clues[i].waits && c.Live && !c.Log.Vendor && c.Log.linewise() && !c.Log.Small &&
			c.Early == nil && c.Content != nil && len(c.Head) >= Little {
			own = append(own, i)
		}
	}
	slices.SortStableFunc(own, func(a, b int) int { return cmp.Compare(d.in.Found[b].Stat.Size, d.in.Found[a].Stat.Size) })
	alike := map[uint64][]int{}
	for _, i := range own {
		c, q := d.in.Found[i], &clues[i]
		others := alike[c.start()]
		for _, j := range others {
			d.copyOfFound(c, q, d.in.Found[j], clues[j].of)
		}
		if len(others) < mostOriginals {
			alike[c.start()] = append(others, i)
		}
	}
}

// copyOfFound notes that c is a copy of o, if it is. Where both are copies of something
// else, whatever they have in common besides says so.
func (d *decision) copyOfFound(c *Found, q *clue, o *Found, of *Known) {
	least := int64(file.HeadBytes)
	switch {
	case sameName(o.Log, c.Log) || (of == nil) != (q.of == nil):
		return
	case of != nil:
		least = q.apart + 1
	}
	if at := commonPart(o.Content, c, least); at > q.apart {
		q.apart, q.of = at, &Known{Log: o.Log, Path: o.Path, Content: o.Content}
	}
}

// originals are the files of other logs of which c may be a copy.
func (d *decision) originals(c *Found) (list []*Known) {
	for _, k := range d.in.Known {
		if k.readable() && likely(k.Log, c) && k.Fingerprint.HashOf(Little) == c.start() {
			list = append(list, k)
		}
	}
	for _, o := range d.in.Found {
		if o == c || o.Packed != file.Unpacked || o.Content == nil || len(o.Head) < Little || o.start() != c.start() {
			continue
		}
		a, same := d.same[o]
		switch {
		case same && likely(a.known.Log, c):
			k := *a.known
			k.Content = o.Content
			list = append(list, &k)
		case !same && (o.Log.Vendor || !o.Live) && likely(o.Log, c) && o.toCome():
			list = append(list, &Known{Log: o.Log, Path: o.Path, Content: o.Content})
		}
	}
	return list
}

// toCome says whether c, if nobody's, will be a generation sooner or later.
func (c *Found) toCome() bool {
	return !c.Aside && (c.Live || !c.Refused && c.Stat.Mtime >= c.Log.Floor && (c.Early == nil || c.wanted()))
}

// awaits says whether c may be a copy of another file that is not known yet, and cannot be
// compared with it before it is: one of its own log, or one that is compressed. One of
// such files comes first, and the others are compared with that.
func (d *decision) awaits(c *Found, clues []clue) bool {
	if c.Live && c.Log.Vendor || !c.Log.linewise() || c.Log.Small || len(c.Head) < Little || d.in.Draining {
		return false
	}
	n := 0
	for i, o := range d.in.Found {
		if o == c || o.Live && o.Packed == file.Unpacked || clues[i].orig != nil || !o.toCome() || !mayBeCopied(o, c) {
			continue
		}
		if _, same := d.same[o]; !same && !before(o, c) || o.Archive != nil && o.Archive.Broken() != nil {
			continue
		}
		n++
	}
	return n > 0 && n <= mostOriginals
}

// mayBeCopied says whether c may be a copy of o. Where both can be compared at once those of
// one log are, and others were already.
func mayBeCopied(o, c *Found) bool {
	n, plain := Little, o.Packed == file.Unpacked && c.Packed == file.Unpacked
	switch {
	case o.Log == c.Log && c.Early != nil:
		return false // all that was there from the beginning is sent
	case o.Log == c.Log:
	case plain || !likely(o.Log, c):
		return false
	default:
		n = int(enough(o.Log, c.Log))
	}
	both := min(len(o.Head), len(c.Head))
	if both < n || !bytes.Equal(o.Head[:both], c.Head[:both]) {
		return false
	}
	return !plain || file.Holds(o.Content, c.Content, o.Content.Size(), c.Content.Size())
}

// before says whether o is to be known before c: the longer one of two, since the other
// may still be copied.
func before(o, c *Found) bool {
	if o.Log.Vendor != c.Log.Vendor {
		return o.Log.Vendor
	}
	return cmp.Or(cmp.Compare(c.size(), o.size()), cmp.Compare(o.Path, c.Path)) < 0
}

// commonPart returns up to where c is a copy of orig, 0 if it is none: what they
// have in common is so much that two logs do not begin with it by themselves, and c
// ends there, or a line does. Where orig ends within a line, c may go on with another.
func commonPart(orig Content, c *Found, enough int64) int64 {
	so, sc := orig.Size(), c.Content.Size()
	if so < 0 {
		so = sc // of what is compressed it is not known
	}
	n := file.Common(orig, c.Content, min(so, sc))
	switch {
	case n < enough:
		return 0
	case n == sc:
		return n
	}
	if n = LineStart(c.Content, n); n < enough || !EndsLine(c.Content, n) {
		return 0
	}
	return n
}

// EndsLine says whether a line ends before an offset.
func EndsLine(src io.ReaderAt, at int64) bool {
	var b [1]byte
	n, _ := src.ReadAt(b[:], at-1)
	return n == 1 && b[0] == '\n'
}

// LineStart returns where the last line before size begins, so that one which is
// half written is not taken apart. Of a line that is very long it returns size.
func LineStart(src io.ReaderAt, size int64) int64 {
	b := make([]byte, min(size, 64<<10))
	from := size - int64(len(b))
	n, _ := src.ReadAt(b, from)
	if i := bytes.LastIndexByte(b[:n], '\n'); i >= 0 || from == 0 {
		return from + int64(i) + 1
	}
	return size
}
