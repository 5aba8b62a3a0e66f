package reader

import (
	"errors"
	"iter"
	"slices"

	"github.com/rtcship/rtcship/convert"
)

// A Converter makes records of entries; *convert.Converter is one.
type Converter interface {
	Convert(b batch, out *convert.Output)
	SafeCut(text []byte) int
}

var errStopped = errors.New("nobody wants more")

// A Keep says whether an entry is worth converting, by its text alone.
type Keep func(text []byte) bool

// Read calls each with every record of an input, in the order written, or in
// order of time where systems are mixed, until it returns false. keep may be nil.
func (i *Input) Read(s *Settings, keep Keep, each func(*Record) bool) error {
	w := worker{settings: s, keep: keep}
	err := i.entries(s, func(b batch) error {
		for _, r := range w.convert(b) {
			if !each(r) {
				return errStopped
			}
		}
		return nil
	})
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// A worker converts batches, and keeps its memory from one to the next.
type worker struct {
	settings *Settings
	keep     Keep
	out      convert.Output
	kept     []entry
	records  []Record
	order    []*Record
}

// convert makes the records of those of b's entries that are to be kept. They
// are valid until the next call.
func (w *worker) convert(b batch) []*Record {
	if w.keep != nil {
		w.kept = w.kept[:0]
		for i := range b.Entries {
			if w.keep(b.Entries[i].Text) {
				w.kept = append(w.kept, b.Entries[i])
			}
		}
		if len(w.kept) == 0 {
			return nil
		}
		b.Entries = w.kept
	}
	w.settings.Converter.Convert(b, &w.out)
	n := 0
	for i := range w.out.Groups {
		n += len(w.out.Groups[i].Ends)
	}
	w.records = slices.Grow(w.records[:0], n)[:n]
	w.order = w.order[:0]
	n = 0
	for i := range w.out.Groups {
		g := &w.out.Groups[i]
		host, start := hostOf(g.Resource), 0
		for _, end := range g.Ends {
			r := &w.records[n]
			r.Source, r.Path, r.Resource, r.Scope, r.host = b.Origin.Source, b.Origin.Path, g.Resource, g.Scope, host
			r.decode(g.Records[start:end])
			w.order = append(w.order, r)
			start = end
			n++
		}
	}
	if len(w.out.Groups) > 1 { // of several systems, each in order
		slices.SortStableFunc(w.order, func(a, b *Record) int { return a.Time.Compare(b.Time) })
	}
	return w.order
}

// records is Read as a sequence; the error ends it.
func (i *Input) records(s *Settings) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		if err := i.Read(s, nil, func(r *Record) bool { return yield(r, nil) }); err != nil {
			yield(nil, err)
		}
	}
}
