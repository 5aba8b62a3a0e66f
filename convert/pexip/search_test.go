package pexip

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

const (
	failedTime  = `2026-03-04 05:06:07,337 `
	failedPairs = `Level="ERROR" Name="administrator.conference" Message="Participant failed to join conference" Conference="C1"`
	failed      = failedTime + failedPairs
)

// behind are headers in front of a line of the system cn-1. With a "]" the line is
// within brackets.
var behind = []string{
	// As products write them.
	``,
	`cn-1 `,
	`<134>cn-1 `,
	`2026-03-04T05:06:07.402+00:00 cn-1 `,
	`<134>2026-03-04T05:06:07.402+00:00 cn-1 `,
	`<134>Mar  4 05:06:07 cn-1 `,
	`<134>Mar  4 05:06:07 cn-1 pexip: `,
	`<134>Mar  4 05:06:07 cn-1 pexip[77]: `,
	`<134>Mar  4 05:06:07 cn-1 pexip[77] `,
	`<134>Mar  4 05:06:07 cn-1 pexip `,
	`<134>1 2026-03-04T05:06:07.402Z cn-1 pexip 77 ID9 - `,
	`<134>1 2026-03-04T05:06:07.402Z - pexip - - - cn-1 `,

	// In front of the header.
	`<134> 2026-03-04T05:06:07.402+00:00 cn-1 `,
	`<134>  Mar  4 05:06:07 cn-1 pexip: `,
	`<134> 1 2026-03-04T05:06:07.402Z cn-1 pexip - - - `,
	"<134>\t2026-03-04T05:06:07.402+00:00 cn-1 ",
	"\xef\xbb\xbf<134>Mar  4 05:06:07 cn-1 pexip: ",
	"<134>\xef\xbb\xbf2026-03-04T05:06:07.402+00:00 cn-1 ",
	"\n<134>Mar  4 05:06:07 cn-1 pexip: ",
	"\x00\r\n <134>Mar  4 05:06:07 cn-1 pexip: ",
	`<192>Mar  4 05:06:07 cn-1 pexip: `,
	`<999>2026-03-04T05:06:07.402+00:00 cn-1 `,
	`<1340>1 2026-03-04T05:06:07.402Z cn-1 pexip - - - `,
	`<0134>Mar  4 05:06:07 cn-1 pexip: `,
	`<192>cn-1 `,
	`<134><134>Mar  4 05:06:07 cn-1 pexip: `,
	`<13><134>1 2026-03-04T05:06:07.402Z cn-1 pexip - - - `,
	`<13> <134>2026-03-04T05:06:07.402+00:00 cn-1 `,
	`231 <134>Mar  4 05:06:07 cn-1 pexip: `,
	`<189>000123: Mar  4 05:06:07 cn-1 pexip: `,
	`<189>000123: Mar  4 05:06:07.402 UTC: cn-1 pexip: `,
	`<189>123: *Mar  4 05:06:07.402: cn-1 `,
	`<189>.Mar  4 05:06:07: cn-1 : `,
	`<189>123: cn-1: Mar  4 05:06:07.402: `,
	`<189>123: cn-1: 000456: Mar  4 05:06:07.402 CET: `,
	`123: Mar  4 05:06:07: cn-1: `,

	// Times.
	`<134>Mar  4 05:06:07 UTC cn-1 pexip: `,
	`<134>Mar  4 14:06:07 JST cn-1 pexip: `,
	`<134>Mar  4 06:06:07.402 MEST cn-1 pexip[7]: `,
	`<134>Mar  4 2026 05:06:07 cn-1 pexip: `,
	`<134>Mar  4 05:06:07 2026 cn-1 pexip: `,
	`<134>2026 Mar  4 05:06:07 CET cn-1 pexip: `,
	`<134>Wed Mar  4 05:06:07 2026 cn-1 pexip: `,
	`<134>Wed, Mar  4 05:06:07 EST 2026 cn-1 `,
	`<134>2026-03-04 05:06:07 JST cn-1 pexip: `,
	`<134>2026-03-04 05:06:07 +0100 cn-1 `,
	`<134>Mar  4 05:06:07 XYZT cn-1 pexip: `,
	`<134>2026/03/04 05:06:07 cn-1 pexip: `,
	`<134>04-Mar-2026 05:06:07 cn-1 pexip: `,
	`<134>[04/Mar/2026:05:06:07 +0000] cn-1 `,
	`<134>1772600767.402 cn-1 `,
	`<134>Mär  4 05:06:07 cn-1 pexip: `,

	// Hosts.
	`<134>Mar  4 05:06:07 cn-1/relay1 pexip: `,
	`<134>Mar  4 05:06:07 cn-1/relay1/192.0.2.7 pexip[7]: `,
	`<134>1 2026-03-04T05:06:07.402Z cn-1/[2001:db8::7] pexip - - - `,
	`2026-03-04T05:06:07.402+00:00 s_net@cn-1/relay1 `,
	`cn-1/relay1 `,
	`<134>Mar  4 05:06:09 relay2 pexip: cn-1/relay1 `,
	`<134>Mar  4 05:06:07 relay cn-1 pexip: `,
	`<134>Mar  4 05:06:07 relay1 relay2 cn-1 pexip[9]: `,
	`<134>Mar  4 05:06:07 192.0.2.7 relay2 cn-1 `,
	`<134>2026-03-04T05:06:07.402+00:00 relay cn-1 pexip: `,
	`<134>Mar  4 05:06:07 cn-1 cn-1 pexip: `,
	`<134>Mar  4 05:06:07 cn-1 cn-1 `,
	`<134>Mar  4 05:06:07 [192.0.2.7] cn-1 `,
	`<134>Mar  4 05:06:07 [192.0.2.7] cn-1 pexip: `,
	`<134>Mar  4 05:06:07 [2001:db8::7] cn-1 pexip: `,
	`<134>Mar  4 05:06:07 - cn-1 pexip: `,
	`<134>Mar  4 05:06:07 relay pexip: cn-1 `,
	`<134>Mar  4 05:06:07 relay pexip: cn-1 pexip: `,
	`<134>Mar  4 05:06:07 cn-1: `,

	`<134>: Mar  4 05:06:07.123 UTC: cn-1 pexip: `,
	`<134>Mar  4 05:06:07 fw01 %ASA-6-302013: cn-1 pexip[33]: `,
	`{"x":"no"} <134>2026-03-04T05:06:07Z gw/1 cn-1 `,
	`<134>Mar  4 05:06:07 AM cn-1 pexip: `,
	`<134>Mar  4 05:06:07 cn-1 1 2026-03-04T05:06:07Z cn-1 pexip - - - `,
	`<134>#011 cn-1 pexip: `,
	`<134>1772600767.402 cn-1 pexip: `,
	`<134>04/03/2026 05:06:07 cn-1 pexip: `,
	`<192>Mar  4 05:06:07 relay cn-1%eth0 pexip: `,
	`<134>Mar  4 2026 05:06:07.123 cn-1 pexip: `,

	// One header within another.
	`<134>2026-03-04 05:06:07 Local0.Info 192.0.2.5 2026-03-04T05:06:07.402+00:00 cn-1 `,
	"2026-03-04 05:06:07\tLocal0.Info\t192.0.2.5\t2026-03-04T05:06:07.402+00:00 cn-1 ",
	`2026-03-04 05:06:07 Local7.Error cn-1 `,
	"2026-03-04 05:06:07\tUser.Notice\tcn-1\tpexip: ",
	`Mar  4 05:06:07 cn-1 local0.info pexip: `,
	`<134>Mar  4 05:06:07 cn-1 local0.info pexip[7]: `,
	`Mar  4 05:06:07 cn-1 local0.info `,
	`Wed Mar  4 05:06:07 2026 local0.info cn-1 pexip[7]: `,
	`Mar  4 05:06:07 <local0.info> cn-1 pexip: `,
	`<134>Mar  4 05:06:09 relay local0.info 2026-03-04T05:06:07.402+00:00 cn-1 `,
	`2026-03-04T05:06:07+00:00 relay cn-1 local0.info pexip: `,
	`<14>Mar  4 05:06:09 relay user.notice root: Mar  4 05:06:07 cn-1 local0.info pexip: `,
	`<14>Mar  4 05:06:09 relay <134>Mar  4 05:06:07 cn-1 pexip: `,
	`<14>Mar  4 05:06:09 relay rsyslogd: <134>1 2026-03-04T05:06:07.402Z cn-1 pexip 7 - [a b="c"] `,
	`<13>1 2026-03-04T05:06:10Z gate - - - - <134>Mar  4 05:06:09 relay pexip: <134>2026-03-04T05:06:08Z cn-1 `,
	`<13>1 2026-03-04T05:06:10Z gate fw 1 ID [a b="c]d"] Mar  4 05:06:09 cn-1 pexip: `,
	`<13>1 2026-03-04T05:06:13Z g4 - - - - <13>1 2026-03-04T05:06:12Z g3 - - - - <13>1 2026-03-04T05:06:11Z g2 - - - - <13>1 2026-03-04T05:06:10Z g1 - - - - <134>Mar  4 05:06:09 cn-1 pexip: `,
	`<134>1 2026-03-04T05:06:07.402Z cn-1 pexip - - [a b="c"]`,
	`<134>1 2026-03-04T05:06:07.402Z cn-1 pexip - - [a b="c"][d e="]"]` + "\xef\xbb\xbf",
	`<134>1 2026-03-04T05:06:07.402Z cn-1 pexip - - -`,
	`<134>1 2026-03-04T05:06:07.402Z cn-1 pexip - - [broken `,
	`<134>1 2026-03-04T05:06:07.402Z cn-1 pexip [a b="c"] `,
	`<134>2026-03-04T05:06:07.402Z cn-1 pexip 77 - - `,
	`2026-03-04 05:06:07,400 cn-1 `,

	// What nobody has foreseen.
	`<134>Mar  4 05:06:07 cn-1 pexip: [gateway 7/3] `,
	`<134>Mar  4 05:06:07 cn-1 pexip: forwarded=yes; `,
	`<134>Mar  4 05:06:07 relay pexip: {from: 192.0.2.5} cn-1 `,
	`relay|192.0.2.5|local0|info| cn-1 `,
	`CEF:0|x|y|1|2|3|4| cn-1 pexip: `,
	`>>> <134>Mar  4 05:06:07 cn-1 pexip: `,
	`{"host":"relay"} <134>Mar  4 05:06:07 cn-1 pexip: `,
	strings.Repeat("x", 470) + ` cn-1 `,

	`<134>Mar  4 05:06:07 Message forwarded from cn-1: pexip: `,
	`<134>Mar  4 05:06:07 Message forwarded from cn-1: pexip[7]: `,
	`<134>Mar  4 05:06:07 relay forwarded from cn-1: `,
	`Message forwarded from cn-1: `,
	`<134>Mar  4 05:06:07 cn-1 pexip: INFO `,
	`<134>Mar  4 05:06:07 cn-1 Error `,
	`<134>Mar  4 05:06:07 cn-1 pexip: warning: `,
	`<134>Mar  4 05:06:07 [192.0.2.7.4.210] cn-1 pexip: `,
	"<134>Mar  4 05:06:07 cn-1\tpexip:\t",

	// What rsyslog puts around several messages that are the same.
	`<134>Mar  4 05:06:07 cn-1 pexip: message repeated 2 times: [ ]`,
	`<134>Mar  4 05:06:07 cn-1 pexip[7]: message repeated 12 times: []`,
	`2026-03-04T05:06:07.402+00:00 cn-1 message repeated 2 times: [ ]`,
	`<14>Mar  4 05:06:09 relay <134>Mar  4 05:06:07 cn-1 pexip: message repeated 3 times: [ ]`,
}

// line puts the line behind its headers.
func (headers foreword) line(what string) string {
	s := string(headers)
	if before, ok := strings.CutSuffix(s, "]"); ok && strings.Contains(s, "repeated") {
		return before + what + "]"
	}
	return s + what
}

type foreword string

// An error of Pexip's is seen behind any headers.
func TestHeadersNobodyForesaw(t *testing.T) {
	if len(behind) < 60 {
		t.Fatalf("only %d", len(behind))
	}
	for _, headers := range behind {
		for _, end := range []string{"", "\x00", "\r\n", "\r", " ", "#015", "#015#012\n"} {
			if strings.Contains(headers, "repeated") && strings.HasPrefix(end, "#") {
				continue
			}
			text := foreword(headers).line(failed) + end
			r, host := parseLine(t, text)
			attrs := attributes(r)
			want := "cn-1"
			if !strings.Contains(headers, want) {
				want = ""
			}
			if r.SeverityNumber != 17 || r.EventName != "pexip.participant.join_failed" || r.TimeUnixNano != 1772600767337000000 || host != want ||
				attrs["pexip.conference"] != `"C1"` || attrs["rtcship.parse_error"] != "" || r.Body.GetStringValue() != "Participant failed to join conference" || attrs["pexip.quirks"] != "" {
				t.Errorf("%q:\n%s", text, printRecord(r, host))
			}
			said := saidBy(r, host)
			for _, word := range words.FindAllString(headers, -1) {
				if !strings.Contains(said, squeeze(word)) && !strings.Contains(headers, "repeated") {
					t.Errorf("%q: %q is lost\n%s", text, word, printRecord(r, host))
				}
			}
		}
	}
}

// What is made of each of them, whole.
func TestHeadersGolden(t *testing.T) {
	const path = "testdata/headers.txtar"
	var out txtar.Archive
	out.Comment = []byte("The records of a line behind headers of many kinds. Made by go test ./convert/pexip -run TestHeadersGolden -update\n\n")
	for i, headers := range behind {
		r, host := parseLine(t, foreword(headers).line(failed))
		out.Files = append(out.Files, txtar.File{
			Name: fmt.Sprintf("%03d %q", i+1, headers), Data: []byte(printRecord(r, host)),
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(&out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := txtar.Format(&out); !bytes.Equal(got, want) {
		t.Errorf("not as in %s:\n%s", path, firstDifference(string(want), string(got)))
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(0, i-12)
			return fmt.Sprintf("line %d\nwant %s\ngot  %s\nafter\n%s", i+1, a[i], b[i], strings.Join(b[from:i], "\n"))
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}

// The originating time counts too where something stands between it and the pairs,
// and a tag of Pexip's where there is no time at all.
func TestSomethingBetween(t *testing.T) {
	m := masking(t, redact.Config{})
	for _, between := range []string{"\t", " [7] ", ": ", "] ", ",", " - ", " +0000 ", " UTC ", " cn-9 ", " [pexip] ", "\u00a0", "  ", " pid=7 ", "00 ", "\r "} {
		for _, headers := range []string{"", "<134>Mar  4 05:06:07 cn-1 pexip: ", "<134>1 2026-03-04T05:06:07Z cn-1 pexip - - - ["} {
			text := headers + strings.TrimSuffix(failedTime, " ") + between + strings.ReplaceAll(failedPairs, `" `, "\"\t")
			r, host := parseLine(t, text)
			if r.SeverityNumber != 17 || r.EventName != "pexip.participant.join_failed" || r.TimeUnixNano != 1772600767337000000 ||
				host == "cn-1" != (headers != "") || !strings.Contains(saidBy(r, host), squeeze(strings.TrimSpace(between))) {
				t.Errorf("%q:\n%s", text, printRecord(r, host))
			}
			m.compare(t, []byte(text))
			m.compare(t, []byte(text))
		}
	}
	for _, headers := range []string{"pexip: ", "pexip[7]: ", "cn-1 pexip: ", "<134>pexip: ", "<134>cn-1 pexip[7]: ", "<134>Mar  4 05:06:07 cn-1 pexip:"} {
		r, host := parseLine(t, headers+failedPairs)
		if r.SeverityNumber != 17 || r.EventName != "pexip.participant.join_failed" || host == "cn-1" != strings.Contains(headers, "cn-1") || attributes(r)["rtcship.parse_error"] != "" {
			t.Errorf("%q:\n%s", headers, printRecord(r, host))
		}
	}
}

// Two spellings of a system's address are one system.
func TestOneSystem(t *testing.T) {
	for want, spellings := range map[string][]string{
		"192.0.2.5":   {"192.0.2.5", "::ffff:192.0.2.5", "[::ffff:192.0.2.5]", "::FFFF:192.0.2.5", "::ffff:c000:205", "[192.0.2.5]", "[192.0.2.5]:514", "[192.0.2.5.4.210]", "192.0.2.5:514", "192.0.2.5/relay"},
		"2001:db8::5": {"2001:db8::5", "[2001:db8::5]", "2001:DB8:0::5", "[2001:db8::5]:514", "2001:db8::5/relay"},
	} {
		for _, s := range spellings {
			for _, headers := range []string{
				s + ` `, `<134>Mar  4 05:06:07 ` + s + ` `, `<134>Mar  4 05:06:07 ` + s + ` pexip: `, `<134>1 2026-03-04T05:06:07Z ` + s + ` pexip - - - `,
				`2026-03-04T05:06:07.402+00:00 ` + s + ` `, `<134>Mar  4 05:06:07 relay ` + s + ` pexip: `, `<134>Mar  4 05:06:07 - pexip: ` + s + ` `,
			} {
				if _, host := parseLine(t, headers+failed); host != want {
					t.Errorf("%s: host %q, want %q", headers, host, want)
				}
			}
		}
	}
}

// A line of Pexip's that could not be taken apart says so, and is counted; its
// severity is seen all the same.
func TestNotTakenApart(t *testing.T) {
	for _, text := range []string{
		`<134>Mar  4 05:06:07 cn-1 pexip: something else ` + failedPairs,
		`<134>Mar  4 05:06:07 cn-1 pexip: (1) ` + failedPairs,
		strings.Repeat("x", 600) + ` cn-1 ` + failed,
		`some words ` + failedPairs,
		`<134>Mar  4 05:06:07 cn-1 pexip: (1) Level=ERROR Name="x" Message="y"`,
		`<134>Mar  4 05:06:07 cn-1 pexip: 2026-03-04 05:06:07,337 Level = "ERROR" Name = "x" Message = "y"`,
		`<134>Mar  4 05:06:07 cn-1 pexip: 2026-03-04 05:06:07,337 Level='ERROR' Name='x' Message='y'`,
		`<134>Mar  4 05:06:07 cn-1 pexip: "(1) Level=""ERROR"" Name=""x"" Message=""y"""`,
		`{"log":"2026-03-04 05:06:07,337 Level=\"ERROR\" Name=\"administrator.conference\" Message=\"Participant failed to join conference\"","stream":"stdout"}`,
		`<14>Mar  4 05:06:07 docker {"log":"cn-1 2026-03-04 05:06:07,337 Level=\\\"ERROR\\\" Message=\\\"x\\\""}`,
	} {
		c := newConverter()
		host := string(c.convert([]byte(text)))
		wire, _ := c.builder.Finish(nil, nil)
		r := decode(t, wire)
		if attributes(r)["rtcship.parse_error"] != `"unknown_header"` || c.counts.ParseErrors[record.Pexip] != 1 || r.SeverityNumber != 17 || r.SeverityText != "ERROR" {
			t.Errorf("%s: counted %v\n%s", text, c.counts.ParseErrors, printRecord(r, host))
		}
	}
	for _, text := range []string{
		failed, `<14>Mar  4 05:06:07 h app: Level="1" and nothing`, `<14>Mar  4 05:06:07 h app: LogLevel="1" x Message="y"`, `<14>Mar  4 05:06:07 h app: Message="y" Level="1" is another order`,
		`<14>Mar  4 05:06:07 h app: Level=1 Message=2`,
	} {
		if r, host := parseLine(t, text); attributes(r)["rtcship.parse_error"] != "" {
			t.Errorf("%s:\n%s", text, printRecord(r, host))
		}
	}
	c := newConverter()
	c.entry = entry.Entry{Text: []byte(`the rest of a long one: (x) Level="ERROR" Message="y"`), Observed: observed, Cut: true}
	c.builder.Begin(&c.entry)
	if c.reader.Read(); c.counts.ParseErrors != [record.NumFormats]int{} {
		t.Errorf("the rest of a long message counted: %v", c.counts.ParseErrors)
	}
}

// Other programs' texts stay as they are.
func TestSearchLeavesAlone(t *testing.T) {
	for _, text := range []string{
		`<14>Mar  4 05:06:07 h app: started at 2026-03-04 05:06:07,337 with Level 5`,
		`<14>Mar  4 05:06:07 h app: 2026-03-04T05:06:06Z GET /x?Level="1"`,
		`<14>Mar  4 05:06:07 h su: message repeated 3 times: [ failed login]`,
		`<14>Mar  4 05:06:07 h app: ] [ message repeated x times: [`,
		`<14>Mar  4 05:06:07 h app: 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20`,
	} {
		r, host := parseLine(t, text)
		_, body, _ := strings.Cut(text, ": ")
		if host != "h" || r.Body.GetStringValue() != body || attributes(r)["syslog.relay"] != "" {
			t.Errorf("%s:\n%s", text, printRecord(r, host))
		}
	}
}

// What was remembered of other lines changes nothing in these.
func TestHeadersRemembered(t *testing.T) {
	m := masking(t, redact.Config{})
	for range 2 {
		for _, headers := range behind {
			for _, end := range []string{"", "\r\n", "\x00", "#015"} {
				text := []byte(foreword(headers).line(failed) + end)
				m.compare(t, text)
				m.compare(t, text)
				m.compare(t, []byte(strings.Replace(string(text), ",337", ",338", 1)))
				m.compare(t, []byte(strings.Replace(string(text), "cn-1", "cn-2", 1)))
			}
		}
	}
}

// FuzzHeaders puts any text in front of a line: its time, severity and event are
// found as long as it ends with a blank, nothing of it is lost, and what was
// remembered changes nothing.
func FuzzHeaders(f *testing.F) {
	for _, headers := range behind {
		f.Add(headers)
	}
	f.Fuzz(func(t *testing.T, headers string) {
		if len(headers) > maxSearch || findOrigin([]byte(headers)) >= 0 || findPairs([]byte(headers)) >= 0 {
			return // a line of its own
		}
		text := headers + " " + failed
		m := masking(t, redact.Config{})
		m.compare(t, []byte(text))
		m.compare(t, []byte(text))
		r, host := parseLine(t, text)
		if r.SeverityNumber != 17 || r.EventName != "pexip.participant.join_failed" || r.TimeUnixNano != 1772600767337000000 {
			t.Fatalf("%q:\n%s", text, printRecord(r, host))
		}
		said := saidBy(r, host)
		for _, word := range words.FindAllString(headers, -1) {
			if !strings.Contains(said, squeeze(word)) && attributes(r)["syslog.repeated"] == "" {
				t.Fatalf("%q: %q is lost\n%s", text, word, printRecord(r, host))
			}
		}
	})
}
