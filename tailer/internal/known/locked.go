package known

import (
	"iter"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/place"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A Locked is an Index of which nothing changes meanwhile: what belongs together is
// asked of it.
type Locked struct{ x *Index }

// Do calls f while nothing changes. f calls nothing of x, and keeps nothing of what it
// is given.
func (x *Index) Do(f func(Locked)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f(Locked{x})
}

// Logs are all that are known.
func (l Locked) Logs() iter.Seq[*Family] {
	return func(yield func(*Family) bool) {
		for _, s := range l.x.sources {
			for _, f := range s.families {
				if !yield(f) {
					return
				}
			}
		}
	}
}

// Generations are all that are known.
func (l Locked) Generations() iter.Seq[*Generation] { return l.x.generations() }

// TakeForgotten are the logs and generations of which nothing is known any more since
// it was called last, and nothing is to be saved.
func (l Locked) TakeForgotten() []saved.Change {
	list := l.x.forgotten
	l.x.forgotten = nil
	return list
}

// Settled is the mtime of the newest settled write of f, and run_erl's clock where f was
// read last.
func (l Locked) Settled(f *Family) (newest int64, clock time.Time) {
	return l.x.readers.Settled(f.settled)
}

// TakeUnsaved are the generations and logs of which something has changed since it was
// called last, and is to be saved therefore.
func (l Locked) TakeUnsaved() (gens []*Generation, logs []*Family) {
	changed, changedLogs := l.x.readers.Unsaved()
	for _, o := range changed {
		if g := o.(*Generation); !g.dropped {
			gens = append(gens, g)
		}
	}
	for _, o := range changedLogs {
		if f := o.(*Family); !f.dropped {
			logs = append(logs, f)
		}
	}
	return gens, logs
}

// Place is where g is.
func (l Locked) Place(g *Generation) place.Place { return g.at }

// A Snapshot is what was known of a generation at one moment.
type Snapshot struct {
	ID     string // in hexadecimal
	Source string // by its name
	Log    string // by its path
	Born   time.Time
	place.Place
	progress.View
	Print file.Fingerprint
}

// Look takes a Snapshot of g.
func (l Locked) Look(g *Generation) Snapshot {
	s := Snapshot{ID: g.HexID(), Source: g.fam.Src.Name, Log: g.fam.Path, Born: g.born, Place: g.at}
	s.View, s.Print = g.Look()
	return s
}
