package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// Positions are what is saved of an index, and what was saved and is not known again
// yet. All but the files are guarded by the index.
type positions struct {
	x        *index
	stateDir string
	forget   time.Duration // after which the position of a vanished file is forgotten
	still    time.Duration // a file not touched for so long is still

	loaded     map[*source]map[string]*familyState // what no scan has asked for yet, by path of the log
	others     saved.Checkpoint                    // what was saved of sources that are not followed at present
	gone       *saved.Gone                         // settled generations whose files are gone; nil if positions are not kept
	mostGone   int                                 // mostGone, but for tests
	goneTidied time.Time                           // when those that were gone for too long were forgotten
}

// newPositions are those of a state directory, before anything is read from there.
func newPositions(stateDir string, still, forget time.Duration) *positions {
	return &positions{stateDir: stateDir, still: still, forget: forget, mostGone: mostGone, loaded: map[*source]map[string]*familyState{}}
}

// close ends all use of the files.
func (p *positions) close() { p.gone.Close() }

// restoreLog makes known what is saved of a log.
func (p *positions) restoreLog(f *family) {
	s := f.src
	if l := p.loaded[s][f.path]; l != nil {
		l.restore(f)
		delete(p.loaded[s], f.path)
		return
	}
	if newest, known := p.gone.Log(s.Name, saved.Path(f.path)); known && newest > 0 {
		(&familyState{log: saved.Log{Newest: time.Unix(0, newest)}, now: time.Now()}).restore(f)
	}
}

// knows says whether something is saved of a log.
func (p *positions) knows(s *source, path string) bool {
	if p.loaded[s][path] != nil {
		return true
	}
	_, known := p.gone.Log(s.Name, saved.Path(path))
	return known
}
