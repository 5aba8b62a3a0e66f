package file

import "slices"

// A Few keeps few files open of many that are looked into: those that were asked for
// last. One goroutine uses it.
type Few struct {
	most int
	open []*Lazy // what was asked for last is last
}

// NewFew makes a Few of which no more than most are open at once, which has to be two
// at least: one is compared with another.
func NewFew(most int) *Few { return &Few{most: most} }

// Take makes c, which open opened, one of f.
func (f *Few) Take(c Content, key Key, open func() (Content, Stat, error)) *Lazy {
	l := &Lazy{Key: key, Opener: open, Few: f, c: c, own: true, tried: true}
	f.use(l)
	return l
}

// use notes that l, which is open, is asked for.
func (f *Few) use(l *Lazy) {
	if f == nil {
		return
	}
	if n := len(f.open); n > 0 && f.open[n-1] == l {
		return
	}
	f.drop(l)
	f.open = append(f.open, l)
	if len(f.open) > f.most {
		f.open[0].Close() // it is opened again when it is asked for
	}
}

func (f *Few) drop(l *Lazy) {
	if f == nil {
		return
	}
	if i := slices.Index(f.open, l); i >= 0 {
		f.open = slices.Delete(f.open, i, i+1)
	}
}
