package place

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const log = "/logs/sora.jsonl"

func found(path, family string, live bool, packed file.Packing) *rules.File {
	return &rules.File{
		Path: path, Stat: file.Stat{Key: file.Key{Dev: 1, Ino: 7}, Size: 10},
		Class: rules.Class{Family: family, Live: live, Packed: packed},
	}
}

// Where a file is says what its state is, and since when it is away from its own name.
func TestLocate(t *testing.T) {
	live := Place{Path: log, Live: true, State: Live}
	rotated := Place{Path: log + ".1", State: Rotated, Rotated: noon.Add(-time.Minute)}
	missing := Place{Path: log, State: Missing, Rotated: noon.Add(-time.Hour), Missing: noon.Add(-time.Hour)}
	for _, test := range []struct {
		name   string
		was    Place
		file   *rules.File
		state  State
		live   bool
		away   time.Duration
		before bool // it is known already
	}{
		{"new", Place{}, found(log, log, true, file.Unpacked), Live, true, 0, false},
		{"new, rotated", Place{}, found(log+".1", log, false, file.Unpacked), Rotated, false, 0, false},
		{"as it was", live, found(log, log, true, file.Unpacked), Live, true, 0, true},
		{"just rotated", live, found(log+".1", log, false, file.Unpacked), Rotated, false, 0, false},
		{"rotated before", rotated, found(log+".2", log, false, file.Unpacked), Rotated, false, time.Minute, false},
		{"rotated before, as it was", rotated, found(log+".1", log, false, file.Unpacked), Rotated, false, time.Minute, true},
		{"compressed", rotated, found(log+".1.gz", log, false, file.Gzip), Compressed, false, time.Minute, false},
		{"put back", rotated, found(log, log, true, file.Unpacked), Live, true, 0, false},
		{"at the name of another log", live, found("/logs/x.jsonl", "/logs/x.jsonl", true, file.Unpacked), Rotated, false, 0, false},
		{"found again", missing, found(log, log, true, file.Unpacked), Live, true, 0, false},
		{"not at its own name before", Place{Path: log, State: Rotated, Rotated: noon.Add(-time.Minute)}, found(log, log, true, file.Unpacked), Live, true, 0, false},
		{"unreadable before", Place{Path: log, Live: true, State: Unreadable}, found(log, log, true, file.Unpacked), Live, true, 0, false},
		{"deleted before", Place{Path: log, State: Deleted, Rotated: noon.Add(-time.Minute)}, found(log, log, false, file.Unpacked), Rotated, false, time.Minute, false},
		{"moved out before", Place{Path: log, State: Moved, Rotated: noon.Add(-time.Minute)}, found(log, log, false, file.Unpacked), Rotated, false, time.Minute, false},
	} {
		p := test.was
		if got := p.IsAt(test.file, log); got != test.before && test.was.State != Missing && test.was.State != "" {
			t.Errorf("%s: known already: %v", test.name, got)
		}
		p.Locate(test.file, log, noon)
		if p.State != test.state || p.Live != test.live || p.Away(noon) != test.away || p.Path != test.file.Path || p.Key != test.file.Stat.Key || p.IsPacked() != (test.file.Class.Packed != file.Unpacked) {
			t.Errorf("%s: %+v, away for %v", test.name, p, p.Away(noon))
		}
		if p.Astray != (test.name == "at the name of another log") {
			t.Errorf("%s: astray: %v", test.name, p.Astray)
		}
		if !p.IsFound() || p.Gone(noon.Add(time.Hour)) != 0 || p.Unnamed() || !p.IsAt(test.file, log) || p.Live != p.Rotated.IsZero() {
			t.Errorf("%s: not found: %+v", test.name, p)
		}
	}
}

// A file that no name leads to is away from its own name from then on, and missing only
// if nobody has it open.
func TestLeave(t *testing.T) {
	for _, test := range []struct {
		state            State
		unnamed, missing bool
	}{{Deleted, true, false}, {Moved, true, false}, {Missing, false, true}} {
		p := Place{Path: log, Key: file.Key{Ino: 7}, Live: true, State: Live}
		p.Leave(test.state, noon)
		later := noon.Add(time.Minute)
		if p.Live || p.State != test.state || p.Unnamed() != test.unnamed || p.IsFound() == test.missing || p.Away(later) != time.Minute || p.Key == (file.Key{}) {
			t.Errorf("%s: %+v", test.state, p)
		}
		if want := map[bool]time.Duration{true: time.Minute}[test.missing]; p.Gone(later) != want {
			t.Errorf("%s: gone for %v", test.state, p.Gone(later))
		}
		p.Leave(Missing, later)
		if p.Away(later) != time.Minute || !p.Missing.Equal(later) {
			t.Errorf("%s, then missing: %+v", test.state, p)
		}
		if p.Lose(later); p.Key != (file.Key{}) || p.State != Missing {
			t.Errorf("what is not the file any more has its key: %+v", p)
		}
	}
}

func TestQuiet(t *testing.T) {
	p := Place{Changed: noon}
	if got := p.Quiet(noon.Add(3 * time.Second)); got != 3*time.Second {
		t.Error(got)
	}
}
