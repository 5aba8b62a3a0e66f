// Package day writes the samples in testdata/: one made-up day of a Sora server
// and a Pexip Infinity deployment, with one story through both. What happened is
// told here and in testdata/README.md; the files follow from it.
package day

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Files returns the content of every file by its path below testdata/. It is the
// same each time.
func Files() (map[string][]byte, error) {
	d := &day{files: map[string]*bytes.Buffer{}}
	d.sora()
	d.pexip()
	all := map[string][]byte{}
	for path, b := range d.files {
		text, err := pack(path, inOrder(path, b.Bytes()))
		if err != nil {
			return nil, err
		}
		all[path] = text
	}
	return all, nil
}

// inOrder sorts the lines of a log by their times, as a server writes them; the
// story is told one person at a time.
func inOrder(path string, text []byte) []byte {
	key := func(line string) string { return line[:min(len(line), len("2026-06-12T09:00:00.000"))] }
	switch {
	case strings.Contains(path, ".jsonl"):
		key = func(line string) string {
			_, rest, _ := strings.Cut(line, `"timestamp":"`)
			return rest[:min(len(rest), len("2026-06-12T09:00:00.000000"))]
		}
	case !strings.HasPrefix(path, "pexip/download/"):
		return text
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(key(a), key(b)) })
	return []byte(strings.Join(lines, ""))
}

// pack compresses what a path says is compressed.
func pack(path string, text []byte) ([]byte, error) {
	var b bytes.Buffer
	switch {
	case strings.HasSuffix(path, ".gz"):
		z := gzip.NewWriter(&b)
		if _, err := z.Write(text); err != nil {
			return nil, err
		}
		err := z.Close()
		return b.Bytes(), err
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.EncodeAll(text, nil), nil
	}
	return text, nil
}

type day struct {
	files map[string]*bytes.Buffer
}

// put appends text as it stands.
func (d *day) put(path, text string) {
	b := d.files[path]
	if b == nil {
		b = &bytes.Buffer{}
		d.files[path] = b
	}
	b.WriteString(text)
}

// line appends a line.
func (d *day) line(path, format string, args ...any) {
	d.put(path, fmt.Sprintf(format, args...)+"\n")
}

// at is a time on the day: "09:02:03.5", or on the day before with a leading "-".
func at(clock string) time.Time {
	date := "2026-06-12"
	if rest, ok := strings.CutPrefix(clock, "-"); ok {
		date, clock = "2026-06-11", rest
	}
	t, err := time.Parse("2006-01-02 15:04:05", date+" "+clock)
	if err != nil {
		panic("day: " + err.Error()) // a slip in this package, which its test finds
	}
	return t
}

// stamp is a time as Sora writes it.
func stamp(clock string) string { return at(clock).Format("2006-01-02T15:04:05.000000Z") }

// id is an identity as Sora makes them, 26 characters of base 32; the same name
// has the same one in every log.
func id(name string) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	sum := sha256.Sum256([]byte(name))
	b := make([]byte, 26)
	for i := range b {
		b[i] = digits[sum[i]&31]
	}
	return string(b)
}

// uuid is an identity as Pexip makes them.
func uuid(name string) string {
	s := sha256.Sum256([]byte(name))
	s[6], s[8] = s[6]&0x0f|0x40, s[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", s[:4], s[4:6], s[6:8], s[8:10], s[10:16])
}

// Paths returns the paths of all files, sorted.
func Paths(files map[string][]byte) []string { return slices.Sorted(maps.Keys(files)) }
