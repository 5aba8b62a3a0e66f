package tailer

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// mostGone is how many generations that are settled and whose files are gone stay
// in memory, and in Status; more of them are on disk alone.
const mostGone = 256

// loadGone reads what is remembered of files that are gone. It returns what puts
// generations of a checkpoint there at once, true for those: a release before may
// have saved more of them than there is memory for.
func (p *positions) loadGone(store *saved.Store, c *saved.Checkpoint, atRest bool) (putAway func(*saved.Generation) bool, err error) {
	putAway = func(*saved.Generation) bool { return false }
	path := saved.GoneFile(p.stateDir)
	if path == "" {
		return putAway, nil
	}
	sources, moved := map[string]*source{}, map[string][2]string{}
	for _, s := range p.x.sources {
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
	logs := map[saved.Path]saved.Log{}
	for _, l := range c.Logs {
		logs[l.File] = l
	}
	n := 0
	return func(s *saved.Generation) bool {
		if src := sources[s.Source]; src == nil || src.Format != nil || !isOver(s, now, p.forget) {
			return false
		}
		if n++; n <= p.mostGone {
			return false
		}
		log := logs[s.File]
		log.Source, log.File = s.Source, s.File
		if p.gone.Pending() > 1<<20 {
			_ = p.gone.Save(store) // tried again with the next checkpoint
		}
		return p.gone.Add(&log, s) == nil
	}, nil
}

// withoutGone takes the logs out of a checkpoint of which all there is is
// remembered on disk alone.
func (p *positions) withoutGone(c *saved.Checkpoint) {
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

// isOver says whether nothing more is expected of a generation that was saved.
func isOver(s *saved.Generation, now time.Time, forget time.Duration) bool {
	return !s.Missing.IsZero() && !s.Missing.After(now) && now.Sub(s.Missing) < forget &&
		s.Settled >= s.Size && s.Head > 0 && s.CopyOf == "" && !s.Lost
}

// tidyGone takes those that have been gone for the longest out of memory. They
// are found again by what their files begin with, see recall.
func (p *positions) tidyGone(now time.Time) {
	if p.gone == nil {
		return
	}
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	var gone []*generation
	for g := range p.x.generations() {
		if p.isGone(g, now) {
			gone = append(gone, g)
		}
	}
	if now.Sub(p.goneTidied) >= time.Hour {
		p.goneTidied = now
		p.gone.Forget(now.Add(-p.forget))
	}
	if len(gone) <= p.mostGone+p.mostGone/4 {
		return
	}
	slices.SortFunc(gone, func(a, b *generation) int { return cmp.Or(a.missing.Compare(b.missing), cmp.Compare(a.path, b.path)) })
	for _, g := range gone[:len(gone)-p.mostGone] {
		p.putAway(g)
	}
}

// isGone says whether nothing more is expected of g. The caller holds x.mu.
func (p *positions) isGone(g *generation, now time.Time) bool {
	if g.missing.IsZero() || now.Sub(g.missing) < p.still || now.Sub(g.used) < p.still ||
		g.fam.src.Format != nil || g.fam.rule.Small || g.fam.shared() {
		return false
	}
	v := g.View()
	n, unsaved := g.UnsavedHead()
	return v.Src == nil && !v.Active && v.Done && n > 0 && !unsaved && v.CopyOf == ""
}

// putAway has g remembered on disk alone, and its log if that is all there is of
// it. The caller holds x.mu.
func (p *positions) putAway(g *generation) {
	f := g.fam
	log, _ := logState(f)
	state := stateOf(g)
	if err := p.gone.Add(&log, &state); err != nil {
		p.x.log.Error("what is known of a file cannot be put away", "path", g.path, "error", err)
		return
	}
	p.x.forgetGeneration(g)
	if len(f.gens) == 0 && f.files == 0 {
		p.x.forgetLog(f)
	}
}

// recall makes the generations known again that the candidates may be the files
// of.
func (p *positions) recall(cands []*candidate, now time.Time) {
	for _, c := range cands {
		if c.fam.rule.Small || c.fam.src.Format != nil {
			continue
		}
		logs, gens := p.gone.Like(c.head)
		for i := range gens {
			p.bringBack(&logs[i], &gens[i], now)
		}
	}
}

func (p *positions) bringBack(log *saved.Log, state *saved.Generation, now time.Time) {
	i := slices.IndexFunc(p.x.sources, func(s *source) bool { return s.Name == log.Source })
	if i < 0 {
		p.x.lock(func() { p.others.Generations = append(p.others.Generations, *state) })
		return
	}
	s := p.x.sources[i]
	path := string(log.File)
	r := s.set.RuleFor(filepath.Dir(path), filepath.Base(path))
	if r == nil || r.Small || s.set.Shared(r) {
		p.x.lock(func() { p.others.Generations = append(p.others.Generations, *state) })
		return
	}
	f := s.family(rules.Class{Rule: r, Family: path})
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	if newest, _ := p.x.readers.Settled(f.settled); newest == 0 {
		(&familyState{log: *log, now: now}).restore(f)
	}
	g, err := restoreGeneration(state, f, now)
	if err != nil {
		return // it was checked
	}
	f.gens = append(f.gens, g)
	g.Touch()
}
