package tailer

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A candidate is a file that no generation is known to be in, opened to find out
// what it is.
type candidate struct {
	*foundFile
	src  file.Content
	head []byte
	insp *inspect.Inspection // what it holds, if it is compressed and that is known
	gen  *generation         // whose file it is by now; nil if nobody's

	passed bool // it is left alone, and only its length is of interest
}

// size is the uncompressed size. Of a compressed file that is not inspected yet
// it is what the file says, which need not be right.
func (c *candidate) size() int64 {
	p, ok := c.src.(*file.Packed)
	switch {
	case !ok:
		return c.Stat.Size
	case c.insp != nil:
		return c.insp.Length()
	}
	return max(0, file.UnpackedSize(p.File, c.Stat.Size, c.Class.Packed))
}

// asOpened says whether c still holds what it did when it was opened. While it was
// found out what it is its writer may have truncated it: what it held then is
// to be found in a copy, and what it holds by now is to be looked at anew.
func (c *candidate) asOpened() bool {
	if c.Class.Packed != file.Unpacked {
		return true
	}
	st, err := c.src.Stat()
	if err != nil || st.Size < c.Stat.Size {
		return false
	}
	head, err := file.ReadHead(c.src, st.Size)
	return err == nil && bytes.HasPrefix(head, c.head)
}

// beingPacked says whether c is being made by compressing another file of cands,
// which is there still and is the one to read.
func beingPacked(cands []*candidate, c *candidate) bool {
	plain, packed := file.UnpackedName(c.Path)
	return packed != file.Unpacked && slices.ContainsFunc(cands, func(o *candidate) bool {
		return o.Path == plain && bytes.Equal(o.head, c.head)
	})
}

// openAtOnce is how many unknown files are opened before the logs that are known
// are looked at again.
const openAtOnce = 200

// unknownFiles are those of the loose files that are to be opened to find out what
// they are: not those that were looked at before and have not changed since. Logs
// that the rules name come first.
func (t *Tailer) unknownFiles(loose []*foundFile, now time.Time) (files []*foundFile) {
	keep := map[*family]map[file.Key]*stranger{}
	packing := map[*family]bool{}
	for _, fl := range loose {
		f := fl.fam
		if keep[f] == nil {
			keep[f] = map[file.Key]*stranger{}
		}
		packing[f] = packing[f] || fl.Class.Packed != file.Unpacked
	}
	draining := t.isDraining()
	slices.SortStableFunc(loose, func(a, b *foundFile) int { return rules.ByWeight(a.File, b.File) })
	for _, fl := range loose {
		f := fl.fam
		searching := now.Sub(f.search) < 2*t.cfg.RotateWait
		s := f.unknown[fl.Stat.Key]
		if s != nil && s.stat.Size == fl.Stat.Size && s.stat.Mtime == fl.Stat.Mtime {
			keep[f][fl.Stat.Key] = s
			if !searching && (s.reason != "" || s.copied) {
				continue
			}
			if !searching && !draining && !packing[f] && !fl.Class.Live && now.Sub(s.since) < t.cfg.RotateWait {
				continue // it may be a copy in the making, and would have to wait again
			}
		}
		if fl.Class.Aside && !f.misses() {
			continue
		}
		files = append(files, fl)
	}
	for f, k := range keep {
		f.unknown = k
	}
	return files
}

// A backlog is what a scan found that is still to be looked into.
type backlog struct {
	files []*foundFile
	here  map[*generation]bool // those whose files it found
	begun bool                 // some of it was taken up already
	full  time.Time            // when there was no room to open more of them
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
	var held map[file.Key]*generation
	if t.backlog.begun {
		held = t.known.holders()
		for _, fl := range files {
			fl.fam.hidden--
		}
	}
	for _, fl := range t.backlog.files {
		if !t.backlog.begun {
			fl.fam.hidden++ // what it holds is not lost
		}
	}
	t.backlog.begun = true
	var cands []*candidate
	for i, fl := range files {
		if !t.known.makeRoom() { // the others have to wait for it
			t.backlog.files, t.backlog.full = all[i:], now
			for _, fl := range files[i:] {
				fl.fam.hidden++
			}
			break
		}
		c := t.candidate(fl)
		if c != nil && held[c.Stat.Key] != nil { // it was moved there since: the next scan will tell
			c.src.Close()
			t.lock(func() { t.scanSoon = true })
			continue
		}
		if c != nil {
			cands = append(cands, c)
		}
	}
	t.identify(cands, t.backlog.here, now)
}

// misses says whether f has a generation whose file is not to be found and of
// which something was not read.
func (f *family) misses() bool {
	f.src.x.mu.Lock()
	defer f.src.x.mu.Unlock()
	return slices.ContainsFunc(f.gens, func(g *generation) bool { return !g.missing.IsZero() && g.Src() == nil })
}

// candidate opens a file to find out what it is; nil if that cannot be told yet.
func (t *Tailer) candidate(fl *foundFile) *candidate {
	f := fl.fam
	if fl.Stat.Size == 0 && !fl.Class.Live {
		return nil
	}
	if !t.known.makeRoom() {
		f.hidden++ // it has to wait
		return nil
	}
	src, st, err := f.src.set.Open(fl.Path, fl.Class.Packed)
	if err != nil {
		f.hidden++
		if noRoom(err) {
			t.known.shed(time.Now())
		}
		t.known.refused(f, fl, err)
		return nil
	}
	fl.Stat = st
	c := &candidate{foundFile: fl, src: src}
	n := st.Size
	if fl.Class.Packed != file.Unpacked {
		n = file.HeadBytes
	}
	if c.head, err = file.ReadHead(src, n); err != nil {
		src.Close() // a compressed file that is only begun, or a fault; later
		if !errors.Is(err, file.ErrIncomplete) {
			f.hidden++
			t.known.refused(f, fl, err)
		}
		return nil
	}
	src.Rest() // there may be hundreds of them
	return c
}
