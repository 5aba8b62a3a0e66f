package entry

import "errors"

// A Format cuts the bytes of a file into entries, for files that are not made
// of lines. One Format serves all files of a source, from several goroutines at
// once, and keeps nothing from one call to the next.
type Format interface {
	// Split looks at the beginning of data, which lies at offset in its file.
	//
	// With a nil error it has taken n > 0 bytes. They are the entry e; or, if
	// e.Text is nil, bytes that hold none, such as a file's header. Split sets
	// Text, which may point into data, and whatever else it knows, but not
	// Offset. If Observed is zero, the time of reading is filled in.
	//
	// With ErrMore it has taken nothing and wants to be asked again with more
	// data, at least n bytes in all if n is not 0. If final is set, no more
	// will come, and what is left is counted as a gap.
	//
	// With ErrTorn the next n bytes are damaged, or everything to the end of
	// the file if n is 0. They are skipped and counted as a gap; but if n is 0,
	// only once the file is final.
	Split(data []byte, offset int64, final bool) (e Entry, n int, err error)
}

// Errors by which a Format says that it has no entry.
var (
	ErrMore = errors.New("more data needed")
	ErrTorn = errors.New("torn data")
)
