package resume

import (
	"encoding/hex"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/early"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A familyState is what a checkpoint says of one log, until a scan asks for it.
type familyState struct {
	log  saved.Log
	gens []saved.Generation
	now  time.Time
}

// stateOf is what is saved of g.
func stateOf(g *known.Generation) saved.Generation {
	v, print := g.Look()
	s := saved.Generation{
		ID: g.HexID(), Source: g.Fam.Src.Name, File: saved.Path(g.Fam.Path), Path: saved.Path(g.Path), Live: g.Live, Born: g.Born,
		Size: v.Size, Settled: v.Settled.At, Clock: v.Settled.Clock, Cut: v.Settled.Cut,
		Written: time.Unix(0, g.Written).UTC(), Changed: time.Unix(0, g.Stat.Mtime).UTC(), Device: g.Key.Dev, Inode: g.Key.Ino,
		OnDisk: g.Stat.Size, Packed: g.Packed, Ended: g.Packed != file.Unpacked && v.Ended, Missing: g.Missing.Round(0), Lost: v.GapNoted, CopyOf: v.CopyOf,
		Gaps: v.Gaps, Print: saved.Print{Head: print.HeadLen, At: saved.Hash(v.Settled.Hash)},
	}
	for _, h := range print.Heads {
		s.Heads = append(s.Heads, saved.Hash(h))
	}
	for _, m := range print.Marks {
		s.Marks = append(s.Marks, saved.Mark{At: m.At, Hash: saved.Hash(m.Hash)})
	}
	for _, m := range print.Recent[max(0, len(print.Recent)-file.PerRead):] {
		if !g.Live && g.Missing.IsZero() && !v.Short {
			break // it is found already
		}
		s.Ends = append(s.Ends, saved.Mark{At: m.At, Hash: saved.Hash(m.Hash)})
	}
	return s
}

// restoreGeneration makes the generation that s describes. Where its file is now is
// found out by the first scan.
func restoreGeneration(s *saved.Generation, f *known.Family, now time.Time) (*known.Generation, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	g := known.NewGeneration(f, s.Born)
	_, _ = hex.Decode(g.ID[:], []byte(s.ID)) // check has
	g.Path = string(s.Path)
	g.Key = file.Key{Dev: s.Device, Ino: s.Inode}
	g.Packed = s.Packed
	g.Stat = file.Stat{Key: g.Key, Size: s.OnDisk, Mtime: s.Changed.UnixNano()}
	g.Written = s.Written.UnixNano()
	g.State, g.Missing = known.Missing, s.Missing
	if g.Missing.IsZero() || g.Missing.After(now) {
		g.Missing = now
	}
	r := progress.Restored{
		Print: file.Fingerprint{HeadLen: s.Head}, Size: s.Size,
		Settled: reader.Position{Mark: file.Mark{At: s.Settled, Hash: uint64(s.At)}, Clock: s.Clock, Cut: s.Cut},
		Packed:  s.Packed, Ended: s.Ended, CopyOf: s.CopyOf, Lost: s.Lost, Gaps: s.Gaps, Mtime: g.Stat.Mtime, Saved: s.Head, Missing: true,
	}
	for _, h := range s.Heads {
		r.Print.Heads = append(r.Print.Heads, uint64(h))
	}
	for _, m := range s.Marks {
		r.Print.Marks = append(r.Print.Marks, file.Mark{At: m.At, Hash: uint64(m.Hash)})
	}
	for _, m := range s.Ends {
		r.Print.Recent = append(r.Print.Recent, file.Mark{At: m.At, Hash: uint64(m.Hash)})
	}
	g.Restore(r, now)
	return g, nil
}

func (l *familyState) restore(f *known.Family) {
	newest := int64(0)
	if !l.log.Newest.IsZero() && !l.log.Newest.After(l.now) {
		newest = l.log.Newest.UnixNano()
		f.Floor = newest - int64(early.Margin)
	}
	f.Src.Index.Readers.Restore(f.Settled, newest, l.log.Clock)
	for i := range l.gens {
		if g, err := restoreGeneration(&l.gens[i], f, l.now); err == nil {
			f.Gens = append(f.Gens, g)
		}
	}
	f.Search = l.now
}

// sourceState is what is saved of s, false if there is nothing to save.
func sourceState(s *known.Followed) (saved.Source, bool) {
	state, ok := s.Early.State()
	state.Dir = saved.Path(s.Dir)
	return state, ok
}

// logState is what is saved of f, false if there is nothing to save.
func logState(f *known.Family) (saved.Log, bool) {
	newest, clock := f.Src.Index.Readers.Settled(f.Settled)
	f.SavedNewest, f.SavedClock = newest, clock
	l := saved.Log{Source: f.Src.Name, File: saved.Path(f.Path), Newest: time.Unix(0, newest).UTC(), Clock: clock}
	return l, newest > 0 || !clock.IsZero()
}

// savedAtOnce is how many generations are encoded at a time while all else waits.
const savedAtOnce = 200
