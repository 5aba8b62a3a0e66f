package main

import (
	"testing"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/tailer/entry"
)

// What rules keep from being sent is there to be read at a terminal.
func TestTerminalShowsWhatIsNotSent(t *testing.T) {
	cfg := config.Default()
	cfg.Sora.MinSeverity, cfg.Drop = 24, config.DropRules{{Log: "*"}}
	s, err := (&reading{cfg: &cfg}).settings()
	if err != nil {
		t.Fatal(err)
	}
	var out convert.Output
	s.Converter.Convert(entry.Batch{Origin: &entry.Origin{Source: "sora", Log: "sora"}, Entries: []entry.Entry{{Text: []byte(`{"level":"debug","msg":"x"}`)}}}, &out)
	if out.Counts.Records != 1 {
		t.Errorf("counts %+v", out.Counts)
	}
}
