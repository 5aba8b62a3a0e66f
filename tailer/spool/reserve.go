package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// reserve is how much of the disk the spool leaves free, or a sixteenth of a
// small one. Segments are deleted once a checkpoint says that they are settled,
// and that has to be written first, as a rule to the same disk: a spool that had
// taken all of it would stay full for ever.
const reserve = 8 << 20

// freeOn returns a function that says how many more bytes the spool may write to
// the file system of dir. Where that cannot be told there is no bound.
func freeOn(dir *os.File) func() int64 {
	const all = 1 << 62
	return func() int64 {
		var st unix.Statfs_t
		if err := unix.Fstatfs(int(dir.Fd()), &st); err != nil || st.Blocks == 0 {
			return all
		}
		block := int64(st.Bsize) //nolint:unconvert // not an int64 on all systems
		size, free := min(st.Blocks, all/uint64(block)), min(st.Bavail, all/uint64(block))
		return int64(free)*block - min(reserve, int64(size)*block/16)
	}
}
