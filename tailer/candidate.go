package tailer

import (
	"bytes"
	"io"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// size is the uncompressed size. Of a compressed file that is not inspected yet
// it is what the file says, which need not be right.
func (c *candidate) size() int64 {
	p, ok := c.src.(*file.Packed)
	switch {
	case !ok:
		return c.stat.Size
	case c.insp != nil:
		return c.insp.length
	}
	return max(0, file.UnpackedSize(p.File, c.stat.Size, c.class.packed))
}

// bytes is where marks of c can be compared.
func (c *candidate) bytes() io.ReaderAt {
	if c.insp != nil {
		return c.insp
	}
	return c.src
}

// A candidate is a file that no generation is known to be in.
type candidate struct {
	*foundFile
	src   file.Content
	head  []byte
	insp  *inspection // what it holds, if it is compressed and that is known
	orig  *generation // that it is a copy of, which is still where it was
	twin  *candidate  // a live file that it is a copy of, and nobody's yet
	waits bool        // for another file that may hold the same, and is still to be had
	taken bool

	passed bool // it is left alone, and only its length is of interest
}

// twin returns the live file among cands that holds all of c, if there is one.
// Where a log was replaced by a copy of itself, and copied besides, nothing
// else tells which of them the writer goes on in.
func twin(cands []*candidate, c *candidate) *candidate {
	if c.class.packed != file.Unpacked || c.stat.Size < littleBytes {
		return nil
	}
	for _, l := range cands {
		if l.class.live && bytes.HasPrefix(l.head, c.head) && file.IsCopy(l.src, c.src) {
			return l
		}
	}
	return nil
}

// beingPacked says whether c is being made by compressing another file of cands,
// which is there still and is the one to read.
func beingPacked(cands []*candidate, c *candidate) bool {
	plain, packed := file.UnpackedName(c.path)
	return packed != file.Unpacked && slices.ContainsFunc(cands, func(o *candidate) bool {
		return o.path == plain && bytes.Equal(o.head, c.head)
	})
}

// candidates opens the loose files, except those that were looked at before and
// have not changed since.
func (t *Tailer) candidates(f *family, loose []*foundFile, now time.Time) []*candidate {
	searching := now.Sub(f.search) < 2*t.cfg.RotateWait
	keep := map[file.Key]*stranger{}
	var cands []*candidate
	for _, fl := range loose {
		s := f.unknown[fl.stat.Key]
		if s != nil && s.stat.Size == fl.stat.Size && s.stat.Mtime == fl.stat.Mtime {
			keep[fl.stat.Key] = s
			if !searching && (s.left || s.copy != nil) {
				continue
			}
		}
		if c := t.candidate(f, fl); c != nil {
			cands = append(cands, c)
		}
	}
	f.unknown = keep
	return cands
}

// candidate opens a file to find out what it is; nil if that cannot be told yet.
func (t *Tailer) candidate(f *family, fl *foundFile) *candidate {
	if fl.stat.Size == 0 && !fl.class.live {
		return nil
	}
	if !t.makeRoom() {
		f.hidden++ // it has to wait
		return nil
	}
	src, st, err := file.Open(fl.path, fl.class.packed, &t.open)
	if err != nil {
		f.hidden++
		t.refused(f, fl, err)
		return nil
	}
	fl.stat = st
	c := &candidate{foundFile: fl, src: src}
	n := st.Size
	if fl.class.packed != file.Unpacked {
		n = file.HeadBytes
	}
	if c.head, err = file.ReadHead(src, n); err != nil {
		src.Close() // a compressed file that is only begun, or a fault; later
		if err != file.ErrIncomplete {
			f.hidden++
			t.refused(f, fl, err)
		}
		return nil
	}
	src.Rest() // there may be hundreds of them
	return c
}

// original returns the generation whose file c is a copy of, if it has one.
func (t *Tailer) original(f *family, c *candidate) *generation {
	for _, g := range f.gens {
		if !g.holds(c.head) {
			continue
		}
		if c.insp != nil {
			if c.insp.err == nil && c.insp.copyOf(g) {
				return g
			}
			continue
		}
		src, opened := t.holding(g)
		if src == nil {
			continue
		}
		same := file.IsCopy(src, c.src)
		if opened {
			src.Close()
		}
		if same {
			return g
		}
	}
	return nil
}

// holds says whether g has a file, and that begins like head.
func (g *generation) holds(head []byte) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	if g.src == nil && !g.missing.IsZero() || g.fingerprint.HeadLen == 0 {
		return false
	}
	_, same := g.fingerprint.Agrees(head)
	return same
}

// holding returns what g's file holds, nil if it cannot be read. opened says
// whether the caller has to close it.
func (t *Tailer) holding(g *generation) (src file.Content, opened bool) {
	if g.src != nil && g.packed == file.Unpacked {
		return g.src, false
	}
	src, st, err := file.Open(g.path, g.packed, &t.open)
	if err != nil {
		return nil, false
	}
	if st.Key != g.key {
		src.Close()
		return nil, false
	}
	return src, true
}
