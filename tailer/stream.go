package tailer

import (
	"errors"
	"io"
	"time"
)

// A Stream reads logs that are not followed: a file that somebody mailed, or
// standard input.
type Stream struct {
	Origin   string // Origin.Source of its batches
	Path     string // for people
	Name     string // what kind of log it is follows from this name
	Rules    []Rule
	MaxEntry int
	Timezone *time.Location
}

// Read cuts r into batches.
func (s Stream) Read(r io.Reader, next func(Batch) error) error { return errors.ErrUnsupported }
