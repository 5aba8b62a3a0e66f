package entry

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// cutAll runs a cutter over data as a reader does, in pieces that grow by step,
// and returns the entries' texts. Each piece begins where the last one ended.
func cutAll(data []byte, step, maxEntry int, cut func(c *Cutter, data []byte, final bool)) (texts []string, taken int, ok bool) {
	c := &Cutter{MaxEntry: maxEntry}
	at, end, isCut := 0, 0, false
	for {
		end = min(end+step, len(data))
		for {
			*c = Cutter{MaxEntry: maxEntry, Base: int64(at), Cut: isCut}
			cut(c, data[at:end], end == len(data))
			for _, e := range c.Entries {
				if e.Offset < int64(at) || !bytes.HasPrefix(data[e.Offset:], e.Text) {
					return nil, 0, false
				}
				texts = append(texts, string(e.Text))
			}
			at += c.Taken
			isCut = c.Cut
			if c.Taken == 0 {
				break
			}
		}
		if end == len(data) {
			return texts, at, true
		}
	}
}

// referenceLines is how lines are cut, in few words.
func referenceLines(data string, maxEntry int) (texts []string) {
	for line := range strings.Lines(data) {
		body, ended := strings.CutSuffix(line, "\n")
		for n := 0; len(body) > maxEntry; {
			c := &Cutter{MaxEntry: maxEntry}
			c.piece([]byte(body[:maxEntry+1]))
			n = c.Taken
			texts = append(texts, body[:n])
			body = body[n:]
		}
		if ended {
			body = strings.TrimSuffix(body, "\r")
		}
		if body != "" {
			texts = append(texts, body)
		}
	}
	return texts
}

func FuzzLines(f *testing.F) {
	f.Add("a\nb\r\n\n\r\nlong line that is cut\nlast", 3, 5)
	f.Add("\x00\xff\n", 1, 1)
	f.Add("ééééé\n", 2, 3)
	f.Fuzz(func(t *testing.T, data string, step, maxEntry int) {
		step, maxEntry = 1+abs(step)%100, 1+abs(maxEntry)%100
		if hole := strings.Repeat("\x00", minHole); strings.Contains("\n"+data, "\n"+hole) {
			return // which is no text, and has tests of its own
		}
		got, taken, ok := cutAll([]byte(data), step, maxEntry, (*Cutter).Lines)
		if !ok || taken != len(data) {
			t.Fatalf("%d of %d bytes taken, offsets right: %v", taken, len(data), ok)
		}
		want := referenceLines(data, maxEntry)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }

// reportHeader is what reports are cut at.
var reportHeader = regexp.MustCompile(`(?m)` + date + `?` + title + `(====( \d[^\n]{0,46} ===)| \d{4}-\d\d-\d\d[\x00-\x09\x0b-\x7f]\d\d:\d\d:\d\d[^ \n]{0,60})[ \r]*$|` +
	date + title + `====[ \r]*$|^` + date + `?` + title + `(====|$)|` +
	`^\d{4}-\d\d-\d\d[\x00-\x09\x0b-\x7f]\d\d:\d\d:\d\d[0-9.,:+zZ-]*( UTC)? (<[\d.]{1,33}> )?(` + levels + `([: \r]|$)|\[` + levels + `\])`)

var reportTwice = regexp.MustCompile(` REPORT[A-Z ]* REPORT`)

const (
	date   = `(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,9})?( UTC)? )`
	title  = `=[A-Z]+( [A-Z]+)* REPORT`
	levels = `(debug|info|notice|warning|error|critical|alert|emergency|Debug|Info|Notice|Warning|Error|Critical|Alert|Emergency|DEBUG|INFO|NOTICE|WARNING|ERROR|CRITICAL|ALERT|EMERGENCY)`
)

// referenceReports cuts at each header but one at the very beginning.
func referenceReports(data string) (texts []string) {
	start := 0
	cut := func(end int) {
		if s := strings.TrimRight(data[start:end], "\r\n"); s != "" {
			texts = append(texts, s)
		}
		start = end
	}
	for _, m := range reportHeader.FindAllStringIndex(data, -1) {
		if m[0] > 0 {
			cut(m[0])
		}
	}
	cut(len(data))
	return texts
}

func FuzzReports(f *testing.F) {
	f.Add("raw\n2031-04-02 10:11:12 =CRASH REPORT====\na\n=A B REPORT x\nglued2031-04-02 10:11:12 =ERROR REPORT\n", 7)
	f.Add("= REPORT =A  REPORT =REPORT =AREPORT =A REPORT REPORT", 50)
	f.Add("=A REPORT=B REPORT", 4)
	f.Add("2026-05-04T18:28:52.123456+09:00 error: a\n   b\n2026-05-04 18:28:52Z notice:\n** x\n2026-05-04 18:28:52 UTC [alert] =A REPORT x", 9)
	f.Fuzz(func(t *testing.T, data string, step int) {
		if reportTwice.MatchString(data) {
			t.Skip("the regular expression takes the longest kind, the reader the first")
		}
		got, taken, ok := cutAll([]byte(data), len(data)+1, 1<<20, (*Cutter).Reports)
		if !ok || taken != len(data) {
			t.Fatalf("%d of %d bytes taken, offsets right: %v", taken, len(data), ok)
		}
		if want := referenceReports(data); strings.Join(got, "\x00") != strings.Join(want, "\x00") {
			t.Fatalf("got %q, want %q", got, want)
		}
		// Read in pieces, nothing is lost either.
		pieces, taken, ok := cutAll([]byte(data), 1+abs(step)%100, 1<<20, (*Cutter).Reports)
		if !ok || taken != len(data) {
			t.Fatalf("in pieces %d of %d bytes taken: %q", taken, len(data), pieces)
		}
	})
}

func FuzzDump(f *testing.F) {
	f.Add("=erl_crash_dump:0.5\nWed Apr  2 10:11:12 2031\nSlogan: x\n=memory\n=end\n")
	f.Add("\n=")
	f.Fuzz(func(t *testing.T, data string) {
		c := &Cutter{MaxEntry: 1 << 20}
		c.Dump([]byte(data))
		want, _, _ := strings.Cut(data, "\n=")
		want = strings.TrimRight(want, "\r\n")
		if want == "" != (len(c.Entries) == 0) || want != "" && string(c.Entries[0].Text) != want {
			t.Fatalf("got %v, want %q", c.Entries, want)
		}
		complete := strings.HasSuffix(strings.TrimRight(data, "\r\n"), "\n=end")
		if trailing := len(data) - len(strings.TrimRight(data, "\r\n")); trailing < 8 && DumpComplete(strings.NewReader(data), int64(len(data))) != complete {
			t.Fatalf("%q: complete is %v", data, !complete)
		}
	})
}
