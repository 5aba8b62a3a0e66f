package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

const (
	rotateEvery = 250 * time.Millisecond
	goesOn      = 5 * time.Millisecond // in the old file, after it was renamed
	generations = 5                    // that are kept
)

// rotation writes 10,000 numbered lines a second and renames the file four
// times a second, as logrotate does: the writer goes on in the old file for
// 5 ms before it opens a new one. Then it counts the lines that arrived.
func rotation(b *Bench, name string) (Figures, error) {
	want := int64(b.Scale.Rotation/tick) * linesPerTick
	p, dir, err := b.startOnEmptyLog(name, sink.Plan{Lines: want})
	if err != nil {
		return nil, err
	}
	w, err := newRotated(dir)
	if err != nil {
		return nil, err
	}
	defer w.close()
	m := corpus.NewMaker(3)
	var lines []byte
	cpu, wall, err := usage(p, func() error {
		return everyTick(b.Scale.Rotation, func(n int64) error {
			lines = lines[:0]
			for i := range linesPerTick {
				lines = m.AppendSora(lines, m.Stamp(n*linesPerTick+i))
			}
			return w.write(time.Duration(n)*tick, lines)
		})
	})
	if err != nil {
		return nil, err
	}
	t, err := b.arrived(want)
	if err != nil {
		return nil, err
	}
	f := Figures{Core: core(cpu, wall), Written: float64(want), Lost: float64(want - t.Lines), Repeated: float64(t.Repeats)}
	_, err = p.Stop(patience)
	return f, err
}

// rotated is a log file whose writer is rotated away.
type rotated struct {
	path    string
	file    *os.File
	renamed time.Duration // when the name was taken away; 0 while it is there
	next    time.Duration // time of the next rotation
}

func newRotated(dir string) (*rotated, error) {
	w := &rotated{path: filepath.Join(dir, liveName), next: rotateEvery}
	return w, w.open()
}

func (w *rotated) open() (err error) {
	w.file, err = os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return err
}

func (w *rotated) close() error { return w.file.Close() }

// write appends lines at a moment counted from the start, and rotates if it
// is time to.
func (w *rotated) write(now time.Duration, lines []byte) error {
	if w.renamed > 0 && now-w.renamed >= goesOn {
		w.renamed = 0
		if err := w.close(); err != nil {
			return err
		}
		if err := w.open(); err != nil {
			return err
		}
	}
	if now >= w.next {
		w.next += rotateEvery
		w.renamed = now
		if err := w.rename(); err != nil {
			return err
		}
	}
	_, err := w.file.Write(lines)
	return err
}

// rename moves each generation on by one; the oldest goes.
func (w *rotated) rename() error {
	for i := generations - 1; i > 0; i-- {
		err := os.Rename(fmt.Sprintf("%s.%d", w.path, i), fmt.Sprintf("%s.%d", w.path, i+1))
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return os.Rename(w.path, w.path+".1")
}
