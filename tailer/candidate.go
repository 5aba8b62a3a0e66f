package tailer

import (
	"errors"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// openAtOnce is how many unknown files are opened before the logs that are known
// are looked at again.
const openAtOnce = 200

// unknownFiles are those of the loose files that are to be opened to find out what
// they are: not those that were looked at before and have not changed since. Logs
// that the rules name come first.
func (t *Tailer) unknownFiles(loose []*known.Found, now time.Time) (files []*known.Found) {
	keep := map[*known.Family]map[file.Key]*known.Stranger{}
	packing := map[*known.Family]bool{}
	for _, fl := range loose {
		f := fl.Fam
		if keep[f] == nil {
			keep[f] = map[file.Key]*known.Stranger{}
		}
		packing[f] = packing[f] || fl.Class.Packed != file.Unpacked
	}
	draining := t.isDraining()
	slices.SortStableFunc(loose, func(a, b *known.Found) int { return rules.ByWeight(a.File, b.File) })
	for _, fl := range loose {
		f := fl.Fam
		searching := now.Sub(f.Search) < 2*t.cfg.RotateWait
		s := f.Unknown[fl.Stat.Key]
		if s != nil && s.Stat.Size == fl.Stat.Size && s.Stat.Mtime == fl.Stat.Mtime {
			keep[f][fl.Stat.Key] = s
			if !searching && (s.Reason != "" || s.Copied) {
				continue
			}
			if !searching && !draining && !packing[f] && !fl.Class.Live && now.Sub(s.Since) < t.cfg.RotateWait {
				continue // it may be a copy in the making, and would have to wait again
			}
		}
		if fl.Class.Aside && !f.Misses() {
			continue
		}
		files = append(files, fl)
	}
	for f, k := range keep {
		f.Unknown = k
	}
	return files
}

// A backlog is what a scan found that is still to be looked into.
type backlog struct {
	files []*known.Found
	later []*known.Found             // what may be the file of a generation if none of files is
	last  bool                       // files are those
	here  map[*known.Generation]bool // those whose files it found
	begun bool                       // some of it was taken up already
	full  time.Time                  // when there was no room to open more of them
}

// takeUp finds out what the first of the files in the backlog are. The others wait,
// so that the logs that are known are not kept waiting.
func (t *Tailer) takeUp(now time.Time) {
	n := min(openAtOnce, len(t.backlog.files))
	if n == 0 {
		return
	}
	all := t.backlog.files
	files := all[:n]
	t.backlog.files = all[n:]
	var held map[file.Key]*known.Generation
	if t.backlog.begun {
		held = t.known.Holders()
		for _, fl := range files {
			fl.Fam.Hidden--
		}
	}
	for _, fl := range t.backlog.files {
		if !t.backlog.begun {
			fl.Fam.Hidden++ // what it holds is not lost
		}
	}
	t.backlog.begun = true
	var cands []*known.Candidate
	for i, fl := range files {
		if !t.known.MakeRoom() { // the others have to wait for it
			t.backlog.files, t.backlog.full = all[i:], now
			for _, fl := range files[i:] {
				fl.Fam.Hidden++
			}
			break
		}
		c := t.candidate(fl)
		if c != nil && held[c.Stat.Key] != nil { // it was moved there since: the next scan will tell
			c.Src.Close()
			t.lock(func() { t.scanSoon = true })
			continue
		}
		if c != nil {
			cands = append(cands, c)
		}
	}
	t.identify(cands, t.backlog.here, now)
	if b := &t.backlog; len(b.files) == 0 && len(b.later) > 0 {
		b.files, b.later, b.last = b.later, nil, true
	}
}

// postpone has a file looked at once more when all others of the backlog were, if there
// are any: one of them may be a better one for the generation.
func (t *Tailer) postpone(fl *known.Found) bool {
	b := &t.backlog
	if len(b.files) == 0 || b.last {
		return false
	}
	b.later = append(b.later, fl)
	fl.Fam.Hidden++ // what it holds is not lost
	return true
}

// candidate opens a file to find out what it is; nil if that cannot be told yet.
func (t *Tailer) candidate(fl *known.Found) *known.Candidate {
	f := fl.Fam
	if fl.Stat.Size == 0 && !fl.Class.Live {
		return nil
	}
	if !t.known.MakeRoom() {
		f.Hidden++ // it has to wait
		return nil
	}
	src, st, err := f.Src.Set.Open(fl.Path, fl.Class.Packed)
	if err != nil {
		f.Hidden++
		if known.NoRoom(err) {
			t.known.Shed(time.Now())
		}
		t.known.Refused(f, fl, err)
		return nil
	}
	fl.Stat = st
	c := &known.Candidate{Found: fl, Src: src}
	n := st.Size
	if fl.Class.Packed != file.Unpacked {
		n = file.HeadBytes
	}
	if c.Head, err = file.ReadHead(src, n); err != nil {
		src.Close() // a compressed file that is only begun, or a fault; later
		if !errors.Is(err, file.ErrIncomplete) {
			f.Hidden++
			t.known.Refused(f, fl, err)
		}
		return nil
	}
	src.Rest() // there may be hundreds of them
	return c
}
