package file

import (
	"bytes"
	"slices"
	"strings"
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
	at := int64(HeadBytes)
	for _, n := range []int{1, 10, MaxRecent, 3, MaxRecent + 1, 2*MaxRecent + 5, 1} {
		var ends []Mark
		for range n {
			at++
			ends = append(ends, Mark{At: at})
		}
		p.See(ends)
		if last, want := p.Recent[len(p.Recent)-1].At, min(at-HeadBytes, MaxRecent); last != at || int64(len(p.Recent)) != want || p.Recent[0].At != at-want+1 {
			t.Fatalf("after %d more up to %d: %d, from %d to %d", n, at, len(p.Recent), p.Recent[0].At, last)
		}
	}
}

// Where lines end in the head is known before they are read, and for good; what is seen once
// more is not known twice.
func TestLinesOfTheHead(t *testing.T) {
	text := []byte(strings.Repeat(strings.Repeat("x", 49)+"\n", 60))
	ends := func(p *Fingerprint) (list []int64) {
		for _, m := range p.Recent {
			list = append(list, m.At)
			if m != MarkOf(text[:m.At], m.At) {
				t.Errorf("%+v", m)
			}
		}
		return list
	}
	marks := func(from, to int64) (list []Mark) {
		for at := from; at <= to; at += 50 {
			list = append(list, MarkOf(text[:at], at))
		}
		return list
	}
	var p Fingerprint
	p.Grow(text[:120])
	if got := ends(&p); len(got) != 0 {
		t.Errorf("of too little: %v", got)
	}
	p.Grow(text[:210])
	if got := ends(&p); !slices.Equal(got, []int64{150, 200}) {
		t.Errorf("of 210 bytes: %v", got)
	}
	p.Grow(text)
	p.See(marks(50, 1050))
	p.See(marks(1000, 1200))
	if got := ends(&p); len(got) != 22 || got[0] != 150 || !slices.IsSorted(got) || got[21] != 1200 {
		t.Errorf("of more than a head: %v", got)
	}
	for range 5 {
		var more []Mark
		for range 30 {
			at := p.Recent[len(p.Recent)-1].At + int64(len(more)) + 1
			more = append(more, Mark{At: at})
		}
		p.See(more)
	}
	if n := len(p.Recent); p.Recent[0].At != 150 || p.Recent[17].At != 1000 || n != 18+MaxRecent {
		t.Errorf("%d, from %d and %d on", n, p.Recent[0].At, p.Recent[17].At)
	}
	var short Fingerprint
	short.Grow(bytes.Repeat([]byte("\n"), HeadBytes))
	for at := range int64(300) {
		short.See([]Mark{{At: HeadBytes + 1 + at}})
	}
	if n := len(short.Recent); n != 2*MaxRecent || short.Recent[0].At != minLine {
		t.Errorf("%d of empty lines, from %d on", n, short.Recent[0].At)
	}
}
