package pexip

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// masking is a converter that masks secrets, as nearly every one does.
func masking(t testing.TB, cfg redact.Config) *converter {
	t.Helper()
	cfg.Enabled = true
	r, err := redact.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := newConverter()
	c.settings.Redactor = r.ForPexip()
	c.settings.Calls.Traces = true
	c.start()
	return c
}

// wire is the record of a text in wire form, and the system it is about.
func (c *converter) wire(text []byte) (rec []byte, host string) {
	host = string(c.convert(text))
	span, _ := c.builder.FinishSpan(nil, nil)
	c.span = string(span)
	rec, _ = c.builder.Finish(nil, nil)
	return rec, host
}

// compare fails if c, which remembers the lines before, makes something else of
// text than one that has never seen a line.
func (c *converter) compare(t testing.TB, text []byte) {
	t.Helper()
	fresh := newConverter()
	fresh.settings = c.settings
	fresh.start()
	long, longHost := fresh.wire(text)
	c.counts.Reset()
	short, shortHost := c.wire(text)
	if !bytes.Equal(long, short) || longHost != shortHost {
		diff := cmp.Diff(printRecord(decode(t, long), longHost), printRecord(decode(t, short), shortHost))
		t.Fatalf("%q: the long way (-), the short way (+):\n%s\n%q\n%q", text, diff, long, short)
	}
	if fresh.span != c.span || fresh.counts.Spans != c.counts.Spans || fresh.counts.Spanless != c.counts.Spanless {
		t.Fatalf("%q: the long way makes the span\n%q, the short way\n%q", text, fresh.span, c.span)
	}
	if !slices.Equal(events(fresh), events(c)) || fresh.counts.Redacted != c.counts.Redacted || fresh.counts.ParseErrors != c.counts.ParseErrors {
		t.Fatalf("%q: counted %v and %v", text, fresh.counts, c.counts)
	}
}

// events are the indexes of the events that were counted.
func events(c *converter) (list []int) {
	for i, n := range c.counts.PexipEvents {
		for range n {
			list = append(list, i)
		}
	}
	return list
}

// usual are lines that the short way is for.
var usual = []string{
	`<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 ` + joined,
	`2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="WARNING" Name="support.participant" Message="Media Stream destroyed" Participant="Ann" Call-id="7f" ` +
		`Detail="Stream 1 (video)^M  RX: rate 1085kbps loss 0.25% jitter 3ms^M    codec H264 rate 700kbps resolution 768x448 fps 30"`,
	`<134>May  6 08:08:09 node1 pexip[77]: 2026-05-06 08:08:09,337 Level="INFO" Name="support.sip" Message="Received SIP request" Src-Address="192.0.2.1" ` +
		`Src-Port="5060" Transport="TLS" Detail="INVITE sip:meet@example.com SIP/2.0^MCall-ID: 77@192.0.2.1^MCSeq: 12 INVITE^M^Mv=0"`,
	`node1 2026-05-06 08:08:09,337 Level="ERROR" Name="administrator.new.module" Message="Never seen before." Natted="False" Duration="62.25" Alias="a" New-Key="new" Other="one"`,
	`<29>1 2026-05-06T08:08:09.402117Z outer pexip 7 ID2 - ` + "\ufeff" + `inner 2026-05-06 08:08:09,337 Level="INFO" Name="administrator.conference" ` +
		`Message="Participant has disconnected." Conference="Meet Alice" Service-tag="" Duration="62.25" Detail="Call ended"`,
	`<30>1 2026-05-06T08:08:09+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 Level="INFO" Name="support.rest" Message="Client API request" Request="/api/v2/mute" Detail="{}"`,
}

// changes to these lines, each of which the short way must leave alone or take as
// the long way does.
var changes = [][2]string{
	{`,337`, `,338`}, {`,337`, `,33`}, {`,337`, `,3370`}, {`,337`, `,3x7`}, {`,337`, `.337`}, {`09,337`, `10,337`}, {`2026-05-06 08`, `2026-05-07 08`}, {`2026-05-06 08`, `2026-02-30 08`}, {`2026-05-06 08`, `1926-05-06 08`}, {`2026-05-06 08`, `2326-05-06 08`},
	{`08:08:09,337`, `23:59:59,999`}, {`08:08:09,337`, `23:59:60,999`}, {`08:08:09,337`, `24:08:09,337`}, {`08:08:09,337`, `08:60:09,337`}, {`08:08:09,337`, `08:08:61,337`}, {`08:08:09,337`, `08:8:009,337`}, {`08:08:09,337`, `08.08:09,337`},
	{`T08:08:09`, `T00:00:00`}, {`T08:08:09`, `T23:59:60`}, {`T08:08:09`, `T24:00:00`}, {`T08:08:09`, `T08:08-09`}, {`T08:08:09`, `T08:8:009`}, {`T08:08:09`, ` 08:08:09`}, {`6 08:08:09 n`, `6 23:59:60 n`}, {`6 08:08:09 n`, `6 24:00:00 n`}, {`6 08:08:09 n`, `6 08:08:09.5 n`},
	{`.402`, `.403`}, {`.402`, `.4`}, {`.402`, `.x02`}, {`.402`, `,402`}, {`.402`, ``}, {`+00:00`, `+01:00`}, {`T08:08`, `T08:61`}, {`May  6`, `May 32`}, {`May  6 08:08:09`, `May  6 08:08:10`},
	{`node1`, `node2`}, {`node1`, `n`}, {`node1`, `-`}, {`node1`, `a_very_long_name_of_a_system.of.some.domain`}, {`node1`, `fe80::1`}, {`node1`, `no"de`}, {`node1`, `pin=1234`}, {`inner`, `other`}, {`inner `, ``}, {`outer`, `inner`},
	{`<134>`, `<135>`}, {`<134>`, ``}, {`<134>`, `<999>`}, {`pexip`, `other`}, {`pexip`, `token=abc`}, {`[77]`, `[78]`}, {`[77]`, ``}, {`- - - `, `- - [a b="c"] `}, {` 7 ID2`, ` 8 ID3`}, {"\ufeff", ``},
	{`<134>`, `<13>1 2026-03-04T05:06:10Z gate - - - - <134>`},
	{`Level="INFO"`, `Level="WARNING"`}, {`Level="INFO"`, `Level="odd"`}, {`Level="INFO"`, `Level=""`}, {`Level="INFO" `, ``}, {`Level="INFO"`, `Level="info"`}, {`Level=`, `level=`}, {` Level=`, `  Level=`}, {` Level=`, `Level=`},
	{`Name="`, `Name="x`}, {`Name="administrator.conference" `, ``}, {`Message="`, `Message="x`}, {`Message="`, `Message="a^Mb`}, {`.conference" Message`, `.conference"  Message`},
	{`Meet Alice`, `Meet Bob`}, {`Meet Alice`, `会議`}, {`Meet Alice`, ``}, {`Meet Alice`, `a\"b`}, {`Meet Alice`, `a\`}, {`Meet Alice`, `a"b`}, {`Meet Alice`, `a" b`}, {`Meet Alice`, `a" Call-id="b`},
	{`Meet Alice`, "\xff\xfe"}, {`Meet Alice`, `pin=1234`}, {`Meet Alice`, `password: x`}, {`Meet Alice`, `x^My`}, {`Meet Alice`, strings.Repeat("long ", 60)},
	{`Service-tag=""`, `Service-tag="x"`}, {`Service-tag=""`, `Service-Tag=""`}, {`Service-tag="" `, ``}, {`Service-tag=""`, `Unknown="x"`}, {`Service-tag=""`, `Service-tag="" word`}, {`Service-tag=""`, `Service-tag="`},
	{`Service-tag=""`, `Conference="again"`}, {`Service-tag=""`, `Service-tag=x`}, {`Service-tag=""`, `Service-tag="chair"`}, {`Service-tag=""`, `Role="chair"`},
	{`Duration="62.25"`, `Duration="63.5"`}, {`Duration="62.25"`, `Duration="soon"`}, {`Duration="62.25"`, `Duration=""`}, {`Natted="False"`, `Natted="maybe"`}, {`New-Key="new"`, `New-Key="pin=1234"`}, {`New-Key="new"`, `New-Key="pwd"`}, {`New-Key="new"`, `New-Pin="1234"`}, {`New-Key="new"`, `Room-password="x"`},
	{`New-Key="new"`, `New-Key="a" NewKey="b"`}, {`New-Key`, `new_key`}, {`Other="one"`, `Other="two"`}, {`Other="one"`, `Media="one"`}, {`Other="one"`, `Duration-text="x"`}, {`Other="one"`, `Other="日本"`}, {`Other="one"`, "Other=\"\xff\""}, {`Natted="False"`, `Natted="TRUE"`},
	{`Ann`, `Bo`}, {`Ann`, ``}, {`Ann`, `"Ann"`}, {`Stream 1`, `Stream 2`}, {usual[1][strings.Index(usual[1], "Stream 1"):], `Stream 1 (video)"`}, {`/api/v2/mute`, `/api/v2/unlock`}, {`"{}"`, `"HTTP/1.1 200 OK"`}, {`"{}"`, `"\xff"`}, {`RX`, `TX`}, {`^M`, "\r\n"}, {`^M`, ``}, {`Stream 1 (video)`, `Stream 1 (video)" `}, {`fps 30"`, `fps 30`}, {`fps 30"`, `fps 30" `}, {`fps 30"`, "fps 30\"\r\n\x00"},
	{`INVITE`, `BYE`}, {`5060`, `5061`}, {`5060`, `sips`}, {`Detail="INVITE sip:meet@example.com SIP/2.0`, `Detail="SIP/2.0 200 OK`}, {`Detail="`, `Request="/api/x" Detail="`}, {`Detail="INVITE`, `Detail="b'INVITE`}, {`v=0`, `a=crypto:1 X inline:KEY`},
	{` Detail=`, ` Method="M" Detail=`}, {` Detail=`, ` Call-id="other" Detail=`}, {`Detail="Call ended"`, `Detail="Call ended` + strings.Repeat(" and so on", 40) + `"`}, {`Detail="Call ended"`, ``},
	{`Call-id="`, `Call-Id="`}, {`Call-id="`, `Call-id="another-call`}, {`Call-id="`, `Call-id=`}, {`Conference="`, `Participant-id="p-1" Conference="`}, {`Conference="`, `Participant-id="p-2" Protocol="API" Conference="`}, {`Call-ID: 77`, `Call-ID: token=77777777`}, {`Call-ID`, `i`},
	{`disconnected.`, `disconnected`}, {`disconnected`, `reconnected`}, {`Never seen before`, `Another message of`}, {`Meet Alice`, `Shutting down idle worker i-1 (running)`},
}

// changed is every line that has one of the changes, with the line that it is a change of.
func changed(t testing.TB) (list [][2]string) {
	for _, c := range changes {
		found := false
		for _, u := range usual {
			if s := strings.Replace(u, c[0], c[1], 1); s != u {
				list = append(list, [2]string{u, s})
				found = true
			}
		}
		if !found {
			t.Fatalf("%q is in none of the lines", c[0])
		}
	}
	return list
}

// Whatever was read before, the same comes of a line.
func TestShortWay(t *testing.T) {
	for _, c := range changed(t) {
		line, other := []byte(c[0]), []byte(c[1])
		m := masking(t, redact.Config{})
		for _, text := range [][]byte{line, line, other, line, other, other, line} {
			m.compare(t, text)
		}
		for range 20 { // the other takes the line's place
			m.compare(t, other)
		}
		m.compare(t, line)
	}
}

// A line that is cut anywhere, after lines that are not.
func TestShortWayOfCutLines(t *testing.T) {
	for _, u := range usual {
		m := masking(t, redact.Config{})
		for _, c := range changes {
			m.compare(t, []byte(strings.Replace(u, c[0], c[1], 1)))
		}
		for n := range len(u) {
			m.compare(t, []byte(u))
			m.compare(t, []byte(u[:n]))
		}
	}
}

// Lines with a few changes at random, in any order.
func TestShortWayAtRandom(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	m := masking(t, redact.Config{})
	for range 20_000 {
		line := usual[rnd.IntN(len(usual))]
		for range rnd.IntN(5) {
			c := changes[rnd.IntN(len(changes))]
			line = strings.Replace(line, c[0], c[1], 1)
		}
		m.compare(t, []byte(line))
	}
}

// The examples of the vendor's document, one after another and twice.
func TestShortWayOfDocument(t *testing.T) {
	m := masking(t, redact.Config{})
	for range 3 {
		for _, e := range examples(t) {
			m.compare(t, []byte(e.text))
			m.compare(t, []byte(e.line()))
		}
	}
}

// wentShort reports whether text goes the short way.
func (c *converter) wentShort(text []byte) bool {
	c.entry = entry.Entry{Text: text, Observed: observed, Transport: "unix"}
	c.builder.Begin(&c.entry)
	_, ok := c.reader.parse.short()
	return ok
}

// The lines it was made for do go the short way, from several systems, at all times
// of a day, and with values that differ.
func TestShortWayIsGone(t *testing.T) {
	m := masking(t, redact.Config{})
	line := func(i int) []byte {
		s := usual[i%len(usual)]
		for _, r := range [][2]string{
			{`node1`, fmt.Sprint("node", i%7)}, {`08:08:09`, fmt.Sprintf("%02d:%02d:%02d", i%24, i%60, i*7%60)}, {`,337`, fmt.Sprintf(",%03d", i%1000)}, {`.402`, fmt.Sprintf(".%03d", (i+60)%1000)}, {`Meet Alice`, fmt.Sprint("room ", i%5)},
			{`62.25`, fmt.Sprint(i)}, {`Ann`, fmt.Sprint("person", i)}, {`Other="one"`, fmt.Sprintf(`Other="%d"`, i)}, {`7f`, fmt.Sprint(i)}, {`192.0.2.1`, fmt.Sprint("192.0.2.", i%200)}, {`INVITE`, []string{"BYE", "INVITE"}[i%2]},
		} {
			s = strings.ReplaceAll(s, r[0], r[1])
		}
		return []byte(s)
	}
	for i := range 2000 {
		text := line(i)
		if i > 200 && !m.wentShort(text) {
			t.Fatalf("line %d went the long way: %s", i, text)
		}
		m.compare(t, text)
	}
	lines := make([][]byte, 300)
	for i := range lines {
		lines[i] = line(i)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, text := range lines {
			m.convert(text)
		}
	}); n > 0 {
		t.Errorf("%v allocations for %d lines", n, len(lines))
	}
}

// Two kinds of lines that share a place do not take it from each other.
func TestFormIsKept(t *testing.T) {
	kept := []byte(usual[0])
	for _, c := range [][2]string{{` Service-tag=""`, ``}, {`Call-id`, `Call-Id`}, {` Service-tag=""`, ` Service-tag="" Role="guest"`}} {
		other := []byte(strings.Replace(usual[0], c[0], c[1], 1))
		m := masking(t, redact.Config{})
		m.compare(t, kept)
		for i := range 100 {
			m.compare(t, other)
			if !m.wentShort(kept) {
				t.Fatalf("%q: it was lost after %d lines", c, i)
			}
		}
		if !m.wentShort(other) {
			t.Errorf("%q: the other one never got a place", c)
		}
	}
}

// What holds no secret for one configuration may hold one for another.
func TestShortWayForgets(t *testing.T) {
	m := masking(t, redact.Config{})
	for range 3 {
		m.compare(t, []byte(usual[0]))
	}
	r, err := redact.New(redact.Config{Enabled: true, Patterns: []string{"node.", "Meet [A-Z]"}})
	if err != nil {
		t.Fatal(err)
	}
	m.settings.Redactor = r.ForPexip()
	m.start()
	rec, host := m.wire([]byte(usual[0]))
	if s := printRecord(decode(t, rec), host); strings.Contains(s, "node1 ") || strings.Contains(s, "Meet A") {
		t.Errorf("what the new configuration masks got through:\n%s", s)
	}
}

// FuzzShort holds a reader that remembers against one that does not, for any
// line after any other.
func FuzzShort(f *testing.F) {
	for _, c := range changed(f) {
		f.Add([]byte(c[0]), []byte(c[1]))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) == 0 || len(b) == 0 {
			return
		}
		m := masking(t, redact.Config{})
		for _, text := range [][]byte{a, a, b, a, b, bytes.Clone(a)} {
			m.compare(t, text)
		}
	})
}
