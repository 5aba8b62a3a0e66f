package resume

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// loadGone reads what is remembered of files that are gone. It returns what puts
// generations of a checkpoint there at once, true for those: a release before may
// have saved more of them than there is memory for.
func (p *Positions) loadGone(store *saved.Store, c *saved.Checkpoint, atRest bool) (putAway func(*saved.Generation) bool, err error) {
	putAway = func(*saved.Generation) bool { return false }
	path := saved.GoneFile(p.stateDir)
	if path == "" {
		return putAway, nil
	}
	sources, moved := map[string]*known.Followed{}, map[string][2]string{}
	for _, s := range p.x.Sources() {
		sources[s.Name] = s
		if from := string(c.Sources[s.Name].Dir); s.Dir != "" && from != "" && filepath.Clean(from) != filepath.Clean(s.Dir) {
			moved[s.Name] = [2]string{from, s.Dir}
		}
	}
	now := time.Now()
	p.gone, err = saved.LoadGone(path, now.Add(-p.forget), func(source string, p saved.Path) saved.Path {
		if m, ok := moved[source]; ok {
			return p.Move(m[0], m[1])
		}
		return p
	})
	if err != nil || atRest {
		return putAway, err
	}
	logs := make(map[saved.Path]int32, len(c.Logs)) // where they are in c
	for i := range c.Logs {
		logs[c.Logs[i].File] = int32(i)
	}
	n := 0
	return func(s *saved.Generation) bool {
		if src := sources[s.Source]; src == nil || src.Format != nil || !isOver(s, now, p.forget) {
			return false
		}
		if n++; n <= p.mostGone {
			return false
		}
		if p.gone.Has(s) {
			return true // put there by a start that saved no checkpoint of its own
		}
		log := saved.Log{}
		if i, ok := logs[s.File]; ok {
			log = c.Logs[i]
		}
		log.Source, log.File = s.Source, s.File
		if p.gone.Pending() > 1<<20 {
			_ = p.gone.Save(store) // tried again with the next checkpoint
		}
		return p.gone.Add(&log, s) == nil
	}, nil
}

// withoutGone takes the logs out of a checkpoint of which all there is is
// remembered on disk alone.
func (p *Positions) withoutGone(c *saved.Checkpoint) {
	if p.gone.Len() == 0 {
		return
	}
	has := map[saved.Path]bool{}
	for i := range c.Generations {
		has[c.Generations[i].File] = true
	}
	c.Logs = slices.DeleteFunc(c.Logs, func(l saved.Log) bool {
		_, known := p.gone.Log(l.Source, l.File)
		return known && !has[l.File]
	})
}

// mostLines is how many ends of lines are kept of a generation that is over: there may be
// very many of those.
const mostLines = 16

// isOver says whether nothing more is expected of a generation that was saved.
func isOver(s *saved.Generation, now time.Time, forget time.Duration) bool {
	return !s.Missing.IsZero() && !s.Missing.After(now) && now.Sub(s.Missing) < forget &&
		s.Settled >= s.Size && s.Head > 0 && s.CopyOf == "" && !s.Lost
}

// TidyGone takes those that have been gone for the longest out of memory. They
// are found again by what their files begin with, see Recall.
func (p *Positions) TidyGone(now time.Time) {
	if p.gone == nil {
		return
	}
	if now.Sub(p.tidied) >= time.Hour {
		p.tidied = now
		p.gone.Forget(now.Add(-p.forget))
	}
	p.x.PutAway(p.mostGone, now, func(l known.Locked, g *known.Generation) error {
		newest, clock := l.Settled(g.Family())
		log, _ := savedLog(g.Family(), newest, clock)
		state := stateOf(l.Look(g))
		state.Lines = state.Lines[max(0, len(state.Lines)-mostLines):]
		return p.gone.Add(&log, &state)
	})
}

// Recall makes the generations known again that the candidates may be the files
// of.
func (p *Positions) Recall(cands []*known.Candidate, now time.Time) {
	for _, c := range cands {
		if c.Fam.Rule.Small || c.Fam.Src.Format != nil {
			continue
		}
		logs, gens := p.gone.Like(c.Head)
		for i := range gens {
			p.bringBack(&logs[i], &gens[i], now)
		}
	}
}

func (p *Positions) bringBack(log *saved.Log, state *saved.Generation, now time.Time) {
	l := logState{log: *log, gens: []saved.Generation{*state}}
	r := l.restored(now)
	if s := p.x.Source(log.Source); s != nil && s.BringBack(string(log.File), &r, now) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others.Generations = append(p.others.Generations, *state)
}
