package resume

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// Positions are what is saved of an index, and what was saved and is not known again
// yet. All but the files are guarded by the index.
type Positions struct {
	x        *known.Index
	stateDir string
	forget   time.Duration // after which the position of a vanished file is forgotten
	still    time.Duration // a file not touched for so long is still

	loaded     map[*known.Followed]map[string]*familyState // what no scan has asked for yet, by path of the log
	others     saved.Checkpoint                            // what was saved of sources that are not followed at present
	Gone       *saved.Gone                                 // settled generations whose files are gone; nil if positions are not kept
	mostGone   int                                         // mostGone, but for tests
	goneTidied time.Time                                   // when those that were gone for too long were forgotten
}

func (p *Positions) putAwayOldest(now time.Time) {
	var gone []*known.Generation
	for g := range p.x.Generations() {
		if p.isGone(g, now) {
			gone = append(gone, g)
		}
	}
	if now.Sub(p.goneTidied) >= time.Hour {
		p.goneTidied = now
		p.Gone.Forget(now.Add(-p.forget))
	}
	if len(gone) <= p.mostGone+p.mostGone/4 {
		return
	}
	slices.SortFunc(gone, func(a, b *known.Generation) int {
		return cmp.Or(a.Missing.Compare(b.Missing), cmp.Compare(a.Path, b.Path))
	})
	for _, g := range gone[:len(gone)-p.mostGone] {
		p.putAway(g)
	}
}

func (p *Positions) bringBackTo(f *known.Family, log *saved.Log, state *saved.Generation, now time.Time) {
	if newest, _ := p.x.Readers.Settled(f.Settled); newest == 0 {
		(&familyState{log: *log, now: now}).restore(f)
	}
	g, err := restoreGeneration(state, f, now)
	if err != nil {
		return // it was checked
	}
	f.Gens = append(f.Gens, g)
	g.Touch()
}

// New are those of a state directory, before anything is read from there.
func New(stateDir string, still, forget time.Duration) *Positions {
	return &Positions{stateDir: stateDir, still: still, forget: forget, mostGone: MostGone, loaded: map[*known.Followed]map[string]*familyState{}}
}

// Close ends all use of the files.
func (p *Positions) Close() { p.Gone.Close() }

// Knows says whether something is saved of a log.
func (p *Positions) Knows(s *known.Followed, path string) bool {
	if p.loaded[s][path] != nil {
		return true
	}
	_, known := p.Gone.Log(s.Name, saved.Path(path))
	return known
}
