package reader

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// smallRoom is how much all zstd files that are read at once may need, where
// memory is short. gzip needs next to nothing.
const smallRoom = 4 << 20

// A room is what is left of smallRoom.
type room struct{ taken atomic.Int64 }

// take asks for what reading an input takes; give gives it back.
func (r *room) take(i *Input) (give func(), err error) {
	need, err := i.window()
	if err != nil {
		return nil, err
	}
	if r.taken.Add(need) > smallRoom {
		r.taken.Add(-need)
		return nil, fmt.Errorf("%s: unpacking takes %d KiB, and there is no room for it in so small a container: read it elsewhere, or alone", i.Path, need>>10)
	}
	return func() { r.taken.Add(-need) }, nil
}

// window is the memory that unpacking an input takes.
func (i *Input) window() (int64, error) {
	if !strings.HasSuffix(i.Path, ".zst") {
		return 0, nil
	}
	f, err := i.open()
	if err != nil {
		return 0, fmt.Errorf("open: %w", err)
	}
	defer f.Close()
	b := make([]byte, zstd.HeaderMaxSize)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("%s: %w", i.Path, err)
	}
	var h zstd.Header
	if h.Decode(b[:n]) != nil {
		return 0, nil // unpacking it will say what is wrong
	}
	window := h.WindowSize
	if h.HasFCS && h.FrameContentSize < window {
		window = h.FrameContentSize
	}
	return int64(min(window, 1<<40)), nil
}
