package file

import (
	"errors"
	"io"
	"io/fs"
)

// A Lazy is what a file holds that is opened when it is first asked for, if it is
// still the one with Key. It is a Content.
type Lazy struct {
	Key    Key
	Opener func() (Content, Stat, error)
	Few    *Few // that it is one of; nil if it stays open until it is closed

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
		if l.own {
			l.Few.use(l)
		}
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
	l.Few.use(l)
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

// Stat implements Content.
func (l *Lazy) Stat() (Stat, error) {
	if c := l.get(); c != nil {
		return c.Stat()
	}
	return Stat{}, fs.ErrNotExist
}

// Data implements Content.
func (l *Lazy) Data(from int64) int64 { return from }

// Keep implements Content.
func (l *Lazy) Keep([]byte, int64) {}

// Rest implements Content.
func (l *Lazy) Rest() {
	if l.c != nil {
		l.c.Rest()
	}
}

// Content is the file itself, nil if it is not there any more. It is open until another
// one of the few is asked for.
func (l *Lazy) Content() Content { return l.get() }

// Close closes what was opened. It is opened again if it is asked for once more.
func (l *Lazy) Close() error {
	if !l.own {
		return nil
	}
	c := l.c
	l.c, l.own, l.tried = nil, false, false
	l.Few.drop(l)
	return c.Close()
}
