package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// recover checks the newest segment of an earlier process, cuts off what a
// crash left at its end, and deletes it if it holds nothing. Damage with sound
// entries after it is left to readers, who skip and count it.
func (s *Spool) recover(ctx context.Context, seg *segment) error {
	f, err := os.OpenFile(seg.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	end, err := soundEnd(ctx, f, seg.size)
	if err != nil {
		return err
	}
	if torn := seg.size - end; torn > 0 && !(end == 0 && seg.size == headerSize) {
		s.counts.torn += uint64(torn)
		s.log.Warn("cut bytes that a crash left at the end of the spool", "bytes", torn, "segment", seg.path)
	}
	if end == 0 {
		seg.gone = true
		return os.Remove(seg.path)
	}
	if end == seg.size {
		return nil
	}
	seg.size = end
	return errors.Join(f.Truncate(end), f.Sync())
}

// soundEnd returns where the last sound entry of a segment ends, or 0 if there
// is none.
func soundEnd(ctx context.Context, r io.ReaderAt, size int64) (end int64, err error) {
	sc := scanner{ctx: ctx, r: r, size: size}
	for {
		_, err := sc.next()
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read segment: %w", err)
		}
		end = sc.offset
	}
}
