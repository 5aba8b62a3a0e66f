package resume

import (
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// MostGone is how many generations that are settled and whose files are gone stay
// in memory, and in Status; more of them are on disk alone.
const MostGone = 256

// Positions are what is saved of an index, and what was saved and is not known again
// yet.
type Positions struct {
	x        *known.Index
	stateDir string
	forget   time.Duration // after which the position of a vanished file is forgotten
	mostGone int           // MostGone, but for tests

	Clock func() saved.Clock // by which times are told at present

	gone   *saved.Gone                 // settled generations whose files are gone; nil if positions are not kept
	tidied time.Time                   // when those that were gone for too long were forgotten
	tailed map[*known.Generation]int64 // where the settled position was when Source.Settled was last called

	mu     sync.Mutex                               // taken after the index's
	loaded map[*known.Followed]map[string]*logState // what no scan has asked for yet, by path of the log
	others saved.Checkpoint                         // what was saved of sources that are not followed at present
}

// New are those of a state directory, before anything is read from there.
func New(stateDir string, forget time.Duration) *Positions {
	return &Positions{stateDir: stateDir, forget: forget, mostGone: MostGone, Clock: early.Clock, loaded: map[*known.Followed]map[string]*logState{}, tailed: map[*known.Generation]int64{}}
}

// Close ends all use of the files.
func (p *Positions) Close() { p.gone.Close() }

// Gone is how many generations are remembered on disk alone.
func (p *Positions) Gone() int { return p.gone.Len() }

// IsSaved says whether something is saved of a log.
func (p *Positions) IsSaved(s *known.Followed, path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded[s][path] != nil {
		return true
	}
	_, is := p.gone.Log(s.Name, saved.Path(path))
	return is
}

// Saved returns what is saved of a log, which is known from now on.
func (p *Positions) Saved(s *known.Followed, path string) (known.Saved, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if l := p.loaded[s][path]; l != nil {
		delete(p.loaded[s], path)
		return l.restored(now), true
	}
	newest, is := p.gone.Log(s.Name, saved.Path(path))
	l := logState{log: saved.Log{Newest: time.Unix(0, newest)}}
	return l.restored(now), is && newest > 0
}
