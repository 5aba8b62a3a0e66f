package progress

import (
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A Sight is what a look at a file said.
type Sight int

// What Observe may return.
const (
	Old  Sight = iota // nothing: the file was read since
	Same              // it is as it was
	Else              // it has changed
	More              // it has grown
	Held              // it has grown, and is to be compared with what it was a copy of
)

// Observe takes note of how the file is. A look that is older than the last read
// says nothing: the file was read beyond the size seen then.
func (p *Progress) Observe(st file.Stat, changed bool, since uint64, now time.Time) Sight {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.touched > since {
		return Old
	}
	p.mtime = st.Mtime
	if !changed {
		return Same
	}
	sight := Else
	if st.Size > p.size {
		sight = More
	}
	p.retry = time.Time{}
	switch {
	case p.short:
	case p.packed != file.Unpacked:
		p.ended = false
	case sight == More:
		p.size = st.Size
		if p.copyOf != "" {
			p.held, sight = true, Held
		}
		if p.behind.IsZero() {
			p.behind = now
		}
	default:
		// It is shorter, or as long as before and yet written. What was read
		// may not be there any more.
		p.suspect = true
	}
	return sight
}

// HashSince is the hash of the first n bytes of the file, 0 if it has no more, is not
// open, or was not written to since it was like last and read to its end.
func (p *Progress) HashSince(last file.Stat, n int64) uint64 {
	v := p.View()
	if v.Src == nil {
		return 0
	}
	st, err := v.Src.Stat()
	if err != nil || st.Size < n || st.Like(last) && st.Size == v.Read.At {
		return 0
	}
	head := make([]byte, n)
	if m, _ := v.Src.ReadAt(head, 0); int64(m) < n {
		return 0
	}
	return xxhash.Sum64(head)
}

// Seen takes note of the size of a file that nobody reads.
func (p *Progress) Seen(size int64) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.size = size
}

// Suspect has the file looked into before more of it is read.
func (p *Progress) Suspect() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.suspect = true
}

// Confirm notes that the file, looked at since, still is what it was. It returns how
// many bytes it has lost; false if it was read meanwhile.
func (p *Progress) Confirm(st file.Stat, head []byte, since uint64) (lost int64, ok bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.touched > since {
		return 0, false
	}
	lost = p.size - st.Size
	p.suspect = false
	p.shorten(head)
	p.mtime, p.size, p.tried, p.scanned = st.Mtime, st.Size, -1, 0
	return lost, true
}

// shorten takes in the head of a file that has become shorter than what is known of
// it.
func (p *Progress) shorten(head []byte) {
	if len(head) < p.print.HeadLen {
		p.print.HeadLen, p.saved = 0, min(p.saved, 0) // a checkpoint has the longer one, which may not come again
		p.print.Grow(head)
		p.headed()
	}
}

// Part takes the file, looked at since, away from p: it holds something else by now.
// It returns nil if it was read meanwhile. What was seen of it beyond what was read
// may have been something else already.
func (p *Progress) Part(st file.Stat, since uint64) file.Content {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.touched > since {
		return nil
	}
	if st.Size >= p.size {
		p.size = max(p.known, p.read.At)
	}
	src := p.src
	p.src = nil
	p.suspect, p.lost = false, true
	return src
}
