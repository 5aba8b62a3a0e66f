package corpus

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestSoraLines(t *testing.T) {
	const n = 20000
	m := NewMaker(7)
	var total int
	levels := map[string]int{}
	for i := range int64(n) {
		line := m.AppendSora(nil, m.Stamp(i))
		total += len(line)
		var got struct {
			Level, Msg string
			Timestamp  time.Time
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("line %d is no JSON: %v\n%s", i, err, line)
		}
		if seq := int64(got.Timestamp.Sub(Base) / Step); seq != i {
			t.Fatalf("the timestamp of line %d says %d", i, seq)
		}
		if strings.Count(string(line), "\n") != 1 || got.Msg == "" {
			t.Fatalf("line %d: %s", i, line)
		}
		levels[got.Level]++
	}
	if avg := float64(total) / n; avg < 340 || avg > 346 {
		t.Errorf("lines average %.1f bytes, want 343", avg)
	}
	if len(levels) < 6 {
		t.Errorf("levels %v, want six or more", levels)
	}
}

func TestPexipLines(t *testing.T) {
	m := NewMaker(7)
	for i := range int64(2000) {
		at := m.Stamp(i)
		line := string(m.AppendPexip(nil, at))
		if len(line) != pexipSize+1 || !strings.HasSuffix(line, "\"\n") {
			t.Fatalf("line %d has %d bytes: %s", i, len(line), line)
		}
		if strings.Count(line, `"`)%2 != 0 {
			t.Fatalf("line %d has an odd number of quotes: %s", i, line)
		}
		stamp := line[strings.Index(line, " - - - ")+7:][:23]
		got, err := time.Parse("2006-01-02 15:04:05,000", stamp)
		if err != nil || int64(got.Sub(Base)/Step) != i {
			t.Fatalf("line %d is stamped %q: %v", i, stamp, err)
		}
	}
}

func TestDirIsMadeOnceAndHoldsEveryLine(t *testing.T) {
	cache := t.TempDir()
	for _, files := range []int{1, 3, 40} {
		dir, err := Dir(cache, 1000, files)
		if err != nil {
			t.Fatal(err)
		}
		names, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
		if len(names) != files {
			t.Fatalf("%d files, want %d", len(names), files)
		}
		lines := 0
		for _, name := range names {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			for sc := bufio.NewScanner(f); sc.Scan(); {
				lines++
			}
			f.Close()
		}
		if lines != 1000 {
			t.Errorf("%d files hold %d lines, want 1000", files, lines)
		}
		if again, err := Dir(cache, 1000, files); err != nil || again != dir {
			t.Errorf("second call: %q, %v", again, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
