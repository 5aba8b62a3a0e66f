package match

import (
	"cmp"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// mostCompared is with how many files that begin as one does that is compared. Of one
// log there may be a thousand that begin in the same way.
const mostCompared = 16

// nearest returns those of list with which c is compared: of many, the ones of which it
// holds most, as far as their marks tell. No file but c is read for that. The right one
// that is not among them costs a repeat.
func nearest(list []*Known, c *Found) []*Known {
	src := c.bytes()
	if len(list) <= mostCompared || src == nil {
		return list[:min(len(list), mostCompared)]
	}
	held := make(map[*Known]int64, len(list))
	for _, k := range list {
		if held[k] = c.size(); k.Fingerprint.HeadLen > 0 { // what was found just now has no marks
			held[k] = k.heldMark(c)
		}
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *Known) int { return cmp.Compare(held[b], held[a]) })
	return list[:mostCompared]
}

// heldMark is the offset of the last of k's marks that c holds, 0 if it holds none.
func (k *Known) heldMark(c *Found) int64 {
	src := c.bytes()
	for _, m := range slices.Backward(slices.Concat(k.Fingerprint.Marks, []file.Mark{k.Read})) {
		if m.At > 0 && m.At <= c.size() && m.Holds(src) {
			return m.At
		}
	}
	return 0
}

// filter returns those of list for which is says so.
func filter(list []*Known, is func(*Known) bool) (some []*Known) {
	for _, k := range list {
		if is(k) {
			some = append(some, k)
		}
	}
	return some
}
