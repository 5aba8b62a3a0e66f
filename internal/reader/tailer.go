package reader

// All that this package knows of package tailer is in this file and in follow.go.

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/rtcship/rtcship/tailer"
	entries "github.com/rtcship/rtcship/tailer/entry"
	spoolfile "github.com/rtcship/rtcship/tailer/spool"
)

type (
	batch  = entries.Batch
	entry  = entries.Entry
	format = entries.Format
)

var soraRules = sync.OnceValue(tailer.SoraRules)

// knownSora says whether a path is that of one of Sora's logs, rotated and
// packed ones included. "x.log" is nobody's in particular.
func knownSora(path string) bool {
	base := filepath.Base(path)
	if i := strings.LastIndexByte(base, '!'); i >= 0 {
		base = base[i+1:]
	}
	for _, r := range soraRules() {
		stem := filepath.Base(r.Pattern)
		switch {
		case strings.HasPrefix(r.Pattern, "*"):
		case strings.Contains(r.Pattern, "/"):
			if strings.Contains(filepath.ToSlash(path), filepath.Dir(r.Pattern)+"/") {
				return true
			}
		case r.Ring:
			if ok, _ := filepath.Match(r.Pattern, base); ok {
				return true
			}
		default:
			name, ext := strings.TrimSuffix(stem, filepath.Ext(stem)), filepath.Ext(stem)
			rest, ok := strings.CutPrefix(base, name)
			if i := strings.Index(rest, ext); ok && i >= 0 && !strings.ContainsFunc(rest[:i], isLetter) {
				return true
			}
		}
	}
	return false
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' || r == '_' }

// unpacked reads a file as text if its name says that it is packed.
func unpacked(r io.Reader, name string) (io.ReadCloser, error) {
	switch {
	case strings.HasSuffix(name, ".gz"):
		return gzip.NewReader(r)
	case strings.HasSuffix(name, ".zst"):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(r), nil
}

// entries cuts an input into batches.
func (i *Input) entries(s *Settings, next func(batch) error) error {
	if s.Small {
		give, err := s.room.take(i)
		if err != nil {
			return err
		}
		defer give()
	}
	f, err := i.open()
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer f.Close()
	stream := tailer.Stream{
		Origin: i.Source, Path: i.Path, Name: i.Path, MaxEntry: s.MaxEntry, Timezone: s.Timezone,
		SafeCut: s.Converter.SafeCut, Buffer: s.buffer(), Rules: soraRules(),
	}
	if _, name, ok := strings.Cut(i.Path, "!"); ok {
		stream.Name = name
	}
	if i.Source == "pexip" {
		stream.Rules = tailer.QuotedRules([]string{"*"})
	}
	switch i.form {
	case octets:
		stream.Format = octetFormat{}
	case spool:
		stream.Format = spoolfile.Format{}
	}
	if err := stream.Read(f, next); err != nil {
		return fmt.Errorf("%s: %w", i.Path, err)
	}
	return nil
}

// octetFormat cuts a capture of syslog over TCP with octet counts (RFC 6587).
type octetFormat struct{}

var _ format = octetFormat{}

// Split implements entry.Format. What is no frame is taken as a line.
func (octetFormat) Split(data []byte, _ int64, final bool) (entry, int, error) {
	header, size, ok := frameHeader(data)
	switch {
	case ok && header+size <= len(data):
		return entry{Text: bytes.TrimRight(data[header:header+size], "\r\n")}, header + size, nil
	case ok && !final:
		return entry{}, header + size, entries.ErrMore
	}
	n := bytes.IndexByte(data, '\n') + 1
	if n == 0 && !final {
		return entry{}, 0, entries.ErrMore
	}
	if n == 0 {
		n = len(data)
	}
	text := bytes.TrimRight(data[:n], "\r\n")
	if len(text) == 0 {
		return entry{}, n, nil
	}
	return entry{Text: text}, n, nil
}

// maxFrame is the longest frame that is believed.
const maxFrame = 8 << 20

// frameHeader is the octet count that data begins with: "172 <134>…".
func frameHeader(data []byte) (header, size int, ok bool) {
	for header < len(data) && header < 8 && data[header] >= '0' && data[header] <= '9' {
		size = size*10 + int(data[header]-'0')
		header++
	}
	if header == 0 || header+1 >= len(data) || data[header] != ' ' || data[header+1] != '<' || size == 0 || size > maxFrame {
		return 0, 0, false
	}
	return header + 1, size, true
}

func countedFrame(head []byte) bool {
	_, _, ok := frameHeader(head)
	return ok
}

// Settings say how entries are read and converted.
type Settings struct {
	Converter Converter
	MaxEntry  int
	Timezone  *time.Location // of those Sora logs that are in local time
	Small     bool           // read in small pieces, since memory is short

	room room
}

func (s *Settings) buffer() int {
	if s.Small {
		return 16 << 10
	}
	return 256 << 10
}

// SoraLogs are the names of the logs that Sora's vendor describes.
func SoraLogs() (names []string) {
	for _, r := range soraRules() {
		name := r.Log
		if name == "" {
			base := filepath.Base(r.Pattern)
			name = strings.TrimSuffix(base, filepath.Ext(base))
		}
		if name != "*" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
