package parts

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// BenchmarkCompress is what each level costs a record, and what it makes of it:
// the exporter's level was chosen by it. A request has 4,500 records, 2.8 MiB.
func BenchmarkCompress(b *testing.B) {
	const batch = 4500
	var wire []byte
	for _, g := range converted(b, soraEntries(batch)) {
		wire = append(wire, g.Records...)
	}
	type writer interface {
		io.WriteCloser
		Reset(io.Writer)
	}
	levels := map[string]func() (writer, error){}
	for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression} {
		for _, window := range []int{64 << 10, 512 << 10, 4 << 20} {
			for _, entropy := range []bool{true, false} {
				levels[fmt.Sprintf("zstd/%s/window %dK/entropy %v", level, window>>10, entropy)] = func() (writer, error) {
					return zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window),
						zstd.WithLowerEncoderMem(true), zstd.WithNoEntropyCompression(!entropy), zstd.WithEncoderCRC(false))
				}
			}
		}
	}
	for level := gzip.StatelessCompression; level <= 3; level++ {
		if level != 0 {
			levels[fmt.Sprint("gzip/", level)] = func() (writer, error) { return gzip.NewWriterLevel(nil, level) }
		}
	}
	for name, newWriter := range levels {
		b.Run(name, func(b *testing.B) {
			w, err := newWriter()
			if err != nil {
				b.Fatal(err)
			}
			var out bytes.Buffer
			stop := cpuPerOp(b)
			for n := 0; n < b.N; n += batch {
				out.Reset()
				w.Reset(&out)
				for rest := wire; len(rest) > 0; { // as the segments of a request come
					k := min(len(rest), 1<<20)
					if _, err := w.Write(rest[:k]); err != nil {
						b.Fatal(err)
					}
					rest = rest[k:]
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
			stop()
			b.ReportMetric(float64(out.Len())/batch, "wire-B/op")
			b.ReportMetric(float64(len(wire))/batch, "B/op")
		})
	}
}
