package entry

import (
	"bytes"
	"io"
)

// DumpHead is how much of a crash dump is looked at. What tells why the machine
// went down stands in its first lines; the rest can be gigabytes.
const DumpHead = 64 << 10

// Dump takes the head of a crash dump, up to its second section, as one entry.
// data is the beginning of the dump.
func (c *Cutter) Dump(data []byte) {
	head := data
	if i := bytes.Index(head, []byte("\n=")); i >= 0 {
		head = head[:i+1]
	}
	c.block(head[:min(len(head), c.MaxEntry)], false)
}

// DumpComplete says whether a dump of the given size ends as a complete one does.
func DumpComplete(r io.ReaderAt, size int64) bool {
	var b [16]byte
	n, _ := r.ReadAt(b[:], max(0, size-int64(len(b))))
	return bytes.HasSuffix(bytes.TrimRight(b[:n], "\r\n"), []byte("\n=end"))
}
