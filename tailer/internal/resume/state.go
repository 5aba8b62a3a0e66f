package resume

import (
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A logState is what a checkpoint says of one log, until a scan asks for it.
type logState struct {
	log  saved.Log
	gens []saved.Generation
}

// stateOf is what is saved of a generation.
func stateOf(g known.Snapshot) saved.Generation {
	s := saved.Generation{
		ID: g.ID, Source: g.Source, File: saved.Path(g.Log), Path: saved.Path(g.Path), Live: g.Live, Born: g.Born,
		Size: g.Size, Settled: g.Settled.At, Clock: g.Settled.Clock, Cut: g.Settled.Cut,
		Written: time.Unix(0, g.Written).UTC(), Changed: time.Unix(0, g.Stat.Mtime).UTC(), Device: g.Key.Dev, Inode: g.Key.Ino,
		OnDisk: g.Stat.Size, Packed: g.Packed, Ended: g.Packed != file.Unpacked && g.Ended, Missing: g.Missing.Round(0), Lost: g.GapNoted, CopyOf: g.CopyOf, From: g.From,
		Gaps: g.Gaps, Print: saved.Print{Head: g.Print.HeadLen, At: saved.Hash(g.View.Settled.Hash)},
	}
	for _, h := range g.Print.Heads {
		s.Heads = append(s.Heads, saved.Hash(h))
	}
	for _, m := range g.Print.Marks {
		s.Marks = append(s.Marks, saved.Mark{At: m.At, Hash: saved.Hash(m.Hash)})
	}
	for _, m := range g.Print.Recent {
		if !g.Live && g.Missing.IsZero() && !g.Short {
			break // it is found already
		}
		s.Lines = append(s.Lines, saved.Mark{At: m.At, Hash: saved.Hash(m.Hash)})
	}
	return s
}

// restored is the generation that s describes. Where its file is now is found out by
// the first scan.
func restored(s *saved.Generation, now time.Time) (known.Restored, error) {
	if err := s.Check(); err != nil {
		return known.Restored{}, err
	}
	key := file.Key{Dev: s.Device, Ino: s.Inode}
	g := known.Restored{ID: s.ID, Born: s.Born, Place: place.Place{
		Path: string(s.Path), Key: key, Packed: s.Packed, State: place.Missing, Missing: s.Missing,
		Stat: file.Stat{Key: key, Size: s.OnDisk, Mtime: s.Changed.UnixNano()}, Written: s.Written.UnixNano(),
	}}
	if g.Place.Missing.IsZero() || g.Place.Missing.After(now) {
		g.Place.Missing = now
	}
	r := &g.Read
	*r = progress.Restored{
		Print: file.Fingerprint{HeadLen: s.Head}, Size: s.Size,
		Settled: reader.Position{Mark: file.Mark{At: s.Settled, Hash: uint64(s.At)}, Clock: s.Clock, Cut: s.Cut},
		Packed:  s.Packed, Ended: s.Ended, CopyOf: s.CopyOf, From: s.From, Lost: s.Lost, Gaps: s.Gaps, Mtime: s.Changed.UnixNano(), Saved: s.Head, Missing: true,
	}
	if s.CopyOf != "" && s.From == 0 { // the release before did not say
		r.From = s.Settled
	}
	for _, h := range s.Heads {
		r.Print.Heads = append(r.Print.Heads, uint64(h))
	}
	for _, m := range s.Marks {
		r.Print.Marks = append(r.Print.Marks, file.Mark{At: m.At, Hash: uint64(m.Hash)})
	}
	for _, m := range slices.Concat(s.Ends, s.Lines) {
		r.Print.Recent = append(r.Print.Recent, file.Mark{At: m.At, Hash: uint64(m.Hash)})
	}
	return g, nil
}

// restored is what l says, as far as it can be true: a time in the future says that a
// clock was wrong.
func (l *logState) restored(now time.Time) (s known.Saved) {
	s.Clock = l.log.Clock
	if !l.log.Newest.IsZero() && !l.log.Newest.After(now) {
		s.Newest = l.log.Newest.UnixNano()
	}
	for i := range l.gens {
		if g, err := restored(&l.gens[i], now); err == nil {
			s.Gens = append(s.Gens, g)
		}
	}
	return s
}

// sourceState is what is saved of s, false if there is nothing to save.
func sourceState(s *known.Followed) (saved.Source, bool) {
	state, ok := s.Early.State()
	state.Dir = saved.Path(s.Dir)
	return state, ok
}

// savedLog is what is saved of f, false if there is nothing to save.
func savedLog(f *known.Family, newest int64, clock time.Time) (saved.Log, bool) {
	l := saved.Log{Source: f.Src.Name, File: saved.Path(f.Path), Newest: time.Unix(0, newest).UTC(), Clock: clock}
	return l, newest > 0 || !clock.IsZero()
}

// savedAtOnce is how many generations are encoded at a time while all else waits.
const savedAtOnce = 200
