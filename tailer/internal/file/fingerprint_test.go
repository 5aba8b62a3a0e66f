package file

import (
	"slices"
	"testing"
)

// offsets are where the marks of p lie.
func offsets(p *Fingerprint) (list []int64) {
	for _, m := range p.Marks {
		list = append(list, m.At)
	}
	return list
}

// However many marks are made, few are kept: the first, the newest, the one asked for,
// and of the others fewer the further back.
func TestFewMarksAreKept(t *testing.T) {
	var p Fingerprint
	for at := range int64(1000) {
		p.Note(Mark{At: 100 * (at + 1)})
	}
	p.Note(Mark{At: 50}) // behind the newest only
	marks := offsets(&p)
	if len(marks) != maxMarks || marks[0] != 100 || marks[maxMarks-1] != 100_000 || !slices.IsSorted(marks) {
		t.Errorf("kept %v", marks)
	}
	if half := marks[maxMarks/2]; half < 50_000 {
		t.Errorf("half of the marks lie before %d of 100,000", half)
	}
	for _, at := range []int64{42, 30_010, 99_999, 100_001} {
		p := p.Clone()
		if !p.Keep(Mark{At: at}) || p.Keep(Mark{At: at}) {
			t.Errorf("%d is to be new once", at)
		}
		if marks := offsets(&p); len(marks) != maxMarks || !slices.Contains(marks, at) || !slices.IsSorted(marks) {
			t.Errorf("with %d: %v", at, marks)
		}
	}
}

// Of where entries ended the newest are kept, however many come at once.
func TestRecentMarksAreTheNewest(t *testing.T) {
	var p Fingerprint
	at := int64(0)
	for _, n := range []int{1, 10, MaxRecent, 3, MaxRecent + 1, 2*MaxRecent + 5, 1} {
		var ends []Mark
		for range n {
			at++
			ends = append(ends, Mark{At: at})
		}
		p.See(ends)
		if last, want := p.Recent[len(p.Recent)-1].At, min(at, MaxRecent); last != at || int64(len(p.Recent)) != want || p.Recent[0].At != at-want+1 {
			t.Fatalf("after %d more up to %d: %d, from %d to %d", n, at, len(p.Recent), p.Recent[0].At, last)
		}
	}
}
