package sora_test

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer"
)

var born = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newConverter(t testing.TB) *convert.Converter {
	t.Helper()
	c, err := convert.New(convert.Config{Version: "test", Redact: redact.Config{Enabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// originOf is the origin that the tailer gives a file of Sora's directory.
func originOf(name string) *tailer.Origin {
	log := strings.TrimSuffix(path.Base(name), path.Ext(name))
	switch {
	case strings.HasPrefix(name, "erlang.log."):
		log = "erlang"
	case strings.HasPrefix(name, "connection_created_wait_timeout_error/"):
		log = "connection_created_wait_timeout_error"
	}
	return &tailer.Origin{Source: "sora", Log: log, Path: "/var/log/sora/" + name, Born: born}
}

// entriesOf cuts a file into entries the way the tailer does.
func entriesOf(name string, data []byte) []tailer.Entry {
	var entries []tailer.Entry
	switch originOf(name).Log {
	case "sysctl", "ulimit", "erl_crash":
		return []tailer.Entry{{Text: bytes.TrimSuffix(data, []byte("\n"))}}
	case "crash": // one section is one report
		return []tailer.Entry{{Text: bytes.TrimSuffix(data, []byte("\n"))}}
	}
	offset := 0
	for line := range bytes.Lines(data) {
		entries = append(entries, tailer.Entry{Text: bytes.TrimSuffix(line, []byte("\n")), Offset: int64(offset)})
		offset += len(line)
	}
	return entries
}

// same is left out of golden files: it is equal for all records, or noise.
var same = []string{"log.file.name", "log.file.path", "log.record.uid"}

func TestGolden(t *testing.T) {
	c := newConverter(t)
	recordtest.Golden(t, "testdata/golden/*.txtar", func(t *testing.T, input []recordtest.File) string {
		var got strings.Builder
		for _, f := range input {
			var out convert.Output
			c.Convert(tailer.Batch{Origin: originOf(f.Name), Entries: entriesOf(f.Name, f.Data)}, &out)
			for _, g := range out.Groups {
				got.WriteString("# " + f.Name + "\n")
				got.WriteString(recordtest.Render(t, g.Records, same...))
			}
		}
		return got.String()
	})
}

// sorted is lines in alphabetical order, as one text.
func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
