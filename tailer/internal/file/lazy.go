package file

import (
	"errors"
	"io"
	"io/fs"
)

// A Lazy is what a file holds that is opened when it is first asked for, if it is
// still the one with Key.
type Lazy struct {
	Key    Key
	Opener func() (Content, Stat, error)

	c          Content
	own, tried bool
	gone       bool
}

// Lend has l use a file that is open already, and that somebody else closes.
func (l *Lazy) Lend(c Content) { l.c, l.tried = c, true }

// Again is l with a file of its own, unless that was lent.
func (l *Lazy) Again() (own *Lazy, ok bool) {
	if l.tried && !l.own {
		return nil, false
	}
	own = &Lazy{Key: l.Key, Opener: l.Opener}
	own.get()
	return own, true
}

// Gone says whether the file was asked for, and was not there any more.
func (l *Lazy) Gone() bool { return l.gone }

func (l *Lazy) get() Content {
	if l.tried {
		return l.c
	}
	l.tried = true
	c, st, err := l.Opener()
	if err != nil {
		l.gone = errors.Is(err, fs.ErrNotExist)
		return nil
	}
	if st.Key != l.Key {
		l.gone = true
		c.Close()
		return nil
	}
	l.c, l.own = c, true
	return c
}

// ReadAt implements io.ReaderAt.
func (l *Lazy) ReadAt(b []byte, off int64) (int, error) {
	if c := l.get(); c != nil {
		return c.ReadAt(b, off)
	}
	return 0, io.ErrUnexpectedEOF
}

// Size is that of the file, 0 if there is none.
func (l *Lazy) Size() int64 {
	if c := l.get(); c != nil {
		return c.Size()
	}
	return 0
}

// Close closes what was opened.
func (l *Lazy) Close() error {
	if !l.own {
		return nil
	}
	return l.c.Close()
}
