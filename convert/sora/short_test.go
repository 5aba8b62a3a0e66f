package sora

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A pair of readers that have the same lines before them: one as it is, one that
// remembers none of them.
type pair struct{ short, long *fuzzReader }

func newPair(t testing.TB) pair {
	redactor, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	p := pair{newFuzzReader(), newFuzzReader()}
	p.short.settings.Redactor, p.long.settings.Redactor = redactor, redactor
	p.short.settings.Calls.Traces, p.long.settings.Calls.Traces = true, true
	return p
}

// compare reads text on both ways and fails if the records differ.
func (p pair) compare(t *testing.T, text []byte) {
	t.Helper()
	p.long.r.memory = newMemory()
	long := p.long.wire("sora", text)
	short := p.short.wire("sora", text)
	if !bytes.Equal(long, short) {
		diff := cmp.Diff(recordtest.Decode(t, long), recordtest.Decode(t, short), protocmp.Transform())
		t.Fatalf("%q: the long way (-), the short way (+):\n%s", text, diff)
	}
	if !slices.Equal(p.long.counts.SoraEvents, p.short.counts.SoraEvents) || p.long.counts.Redacted != p.short.counts.Redacted {
		t.Fatalf("%q: counted %v and %v", text, p.long.counts, p.short.counts)
	}
}

// usual is a line that the short way is for.
const usual = `{"channel_id":"lobby-7","connection_id":"8ZC5V2K4QH1PX30M7RNTEJ6W9A","domain":["sora","signaling"],"level":"error",` +
	`"msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>","multistream":true,"node":"sora@10.20.30.40","role":"sendrecv",` +
	`"simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:58.123456Z"}`

// unusual are changes to that line, each of which the short way must leave alone
// or take as the long way does.
var unusual = [][2]string{
	{`"lobby-7"`, `"lobby-8"`}, {`"lobby-7"`, `"会議"`}, {`"lobby-7"`, `"a\"b\\c\u00e4"`}, {`"lobby-7"`, `"token=s3cret"`}, {`"lobby-7"`, "\"\xff\xfe\""},
	{`"lobby-7"`, `null`}, {`"lobby-7"`, `7`}, {`"lobby-7"`, `{"a":["b"]}`}, {`"lobby-7"`, `""`}, {`"lobby-7"`, `"` + strings.Repeat("long ", 50) + `"`},
	{`"channel_id":"lobby-7",`, ``}, {`"channel_id"`, `"unknown"`}, {`"channel_id"`, `"client_id"`}, {`"channel_id"`, `"chan\u006eel_id"`}, {`"channel_id"`, `"node_name"`},
	{`"8ZC5V2K4QH1PX30M7RNTEJ6W9A"`, `"9ZC5V2K4QH1PX30M7RNTEJ6W9A"`}, {`"8ZC5V2K4QH1PX30M7RNTEJ6W9A"`, `"8ZC5V2K4"`}, {`"8ZC5V2K4QH1PX30M7RNTEJ6W9A"`, `"\u0038ZC5V2K4QH1PX30M7RNTEJ6W9A"`},
	{`"8ZC5V2K4QH1PX30M7RNTEJ6W9A"`, `null`}, {`"8ZC5V2K4QH1PX30M7RNTEJ6W9A"`, `"8ZC5V2K4QH1PX30M7RNTEJ6W9a"`}, {`"8ZC5V2K4QH1PX30M7RNTEJ6W9A",`, `"8ZC5V2K4QH1PX30M7RNTEJ6W9A","x":"token=abcdefgh",`},
	{`"connection_id"`, `"channel_id"`}, {`"role"`, `"type"`}, {`"role"`, `"req"`}, {`"role":"sendrecv"`, `"minutes":12`}, {`"sendrecv"`, `"recvonly"`},
	{`["sora","signaling"]`, `["sora","rtp"]`}, {`["sora","signaling"]`, `["mora","signaling"]`}, {`["sora","signaling"]`, `[]`}, {`["sora","signaling"]`, `["sora",7]`}, {`["sora","signaling"]`, `["sora","secret=x"]`},
	{`["sora","signaling"]`, `["sora","signaling"`}, {`["sora","signaling"]`, `"sora"`}, {`["sora","signaling"]`, `[ "sora" , "a\u00e4" ]`}, {`"domain"`, `"multistream"`},
	{`"level":"error"`, `"level":"warning"`}, {`"level":"error"`, `"level":"odd"`}, {`"level":"error"`, `"level":"exxxx"`}, {`"level":"error"`, `"lev\u0065l":"error"`}, {`"level":"error"`, `"level":""`}, {`"level":"error"`, `"level":5`}, {`"level":"error",`, ``},
	{`"error"`, `"\u0065rror"`}, {`PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>`, ``}, {`PONG-TIMEOUT-ERROR`, `NEW-CODE`}, {`PONG-TIMEOUT-ERROR`, `password=hunter2`},
	{`"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>"`, `null`}, {`"msg"`, `"message"`}, {`WebSocket`, "\xff\xff\xff\xff"}, {`WebSocket`, strings.Repeat("x", 300)},
	{`true`, `false`}, {`true`, `"true"`}, {`true`, `null`}, {`true`, `truex`}, {`true`, `1`}, {`"multistream":true`, `"multistream": true`},
	{`23:59:58`, `23:59:59`}, {`23:59:58.123456Z`, `23:59:58.123456+09:00`}, {`23:59:58.123456Z`, `never`}, {`2026`, `1926`}, {`"timestamp":`, `"x":`},
	{`23:59:58.123456Z"}`, `23:59:58.123456Z"} `}, {`23:59:58.123456Z"}`, `23:59:58.123456Z"`}, {`23:59:58.123456Z"}`, `23:59:58.123456Z",}`}, {`23:59:58.123456Z"}`, `23:59:58.123456Z"}}`},
	{`{`, ` {`}, {`,`, ` , `}, {`"sora@10.20.30.40","role"`, `"sora@10.20.30.41","node"`}, {`2025.1.3`, `2025.1.4`},
}

// Whatever was read before, both ways make the same of a line.
func TestShortWay(t *testing.T) {
	for _, u := range unusual {
		changed := strings.Replace(usual, u[0], u[1], 1)
		if changed == usual {
			t.Fatalf("%q is not in the line", u[0])
		}
		p := newPair(t)
		for range 20 { // until what does not change is known
			p.compare(t, []byte(usual))
		}
		p.compare(t, []byte(changed))
		p.compare(t, []byte(usual))
		p.compare(t, []byte(changed))
	}
}

// A line that is cut anywhere, and of which any value is not the one before: what a
// crash, a full disk or a long line leaves behind.
func TestShortWayOfCutLines(t *testing.T) {
	p := newPair(t)
	for _, u := range unusual {
		p.compare(t, []byte(strings.Replace(usual, u[0], u[1], 1)))
	}
	for _, line := range []string{usual, strings.Replace(usual, `["sora","signaling"]`, `["mora"]`, 1)} {
		for n := range len(line) {
			for range 2 {
				p.compare(t, []byte(line))
			}
			p.compare(t, []byte(line[:n]))
			p.compare(t, []byte(line[:n]+"}"))
		}
	}
}

// Lines that change in a few places at random, in any order.
func TestShortWayAtRandom(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	p := newPair(t)
	for range 20_000 {
		line := usual
		for range rnd.IntN(4) {
			u := unusual[rnd.IntN(len(unusual))]
			line = strings.Replace(line, u[0], u[1], 1)
		}
		p.compare(t, []byte(line))
	}
}

// A field whose values are of all kinds, line after line.
func TestShortWayOfAllValues(t *testing.T) {
	values := []string{
		`"text"`, `"other"`, `"a\"b\u00e4"`, `""`, `"secret=hunter2"`, `"2026-11-20T23:59:58.123456Z"`, `"2026-11-20T23:59:58Z"`, `"2026-11-20T23:59:58.123456z"`, `"2026-11-20T23:59:58\"123456Z"`, `"error"`, `"\u0065rror"`,
		`true`, `false`, `truex`, `null`, `0`, `-12`, `007`, `1.5`, `1e999`, `99999999999999999999`, `-`, `{}`, `{"a":[1,{"b":"c"}]}`, `{"password":"x"}`, `{`, ``,
		`[]`, `["a"]`, `["a","b"]`, `["a", "b"]`, `["a",1]`, `["a","secret=x"]`, `["signaling-01","x"]`, `["signaling-01","y"]`, `[["a"]]`, `["a"`, `"unclosed`,
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"size", "rtc_timestamp", "multistream", "domain", "session_id", "node", "channel_id", "connection_id", "timestamp", "level", "msg", "reason", "type", "unknown"} {
		p := newPair(t)
		for range 400 {
			line := `{"role":"sendrecv","` + name + `":` + values[rnd.IntN(1+rnd.IntN(len(values)))] + `,"msg":"some text"}`
			if name == "msg" {
				line = strings.Replace(line, `,"msg":"some text"`, `,"node":"n"`, 1)
			}
			p.compare(t, []byte(line))
		}
	}
}

// Lines with the same fields, each time in another order, or with some of them.
func TestShortWayOfAnyOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	p, members := newPair(t), strings.Split(strings.Trim(usual, "{}"), `,"`)
	for i := 1; i < len(members); i++ {
		members[i] = `"` + members[i]
	}
	i := slices.IndexFunc(members, func(m string) bool { return strings.HasPrefix(m, `"domain"`) })
	members = slices.Replace(members, i, i+2, members[i]+","+members[i+1]) // the list had a comma
	for range 3000 {
		rnd.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		line := "{" + strings.Join(members[rnd.IntN(len(members)):], ",") + "}"
		for range 1 + rnd.IntN(3) {
			p.compare(t, []byte(line))
		}
	}
}

// The lines it was made for do go the short way, whatever they are about.
func TestShortWayIsGone(t *testing.T) {
	p := newPair(t)
	for i := range 2000 {
		line := strings.ReplaceAll(usual, "lobby-7", fmt.Sprint("lobby-", i))
		if i%3 == 0 {
			line = strings.Replace(line, `"channel_id":"`, `"session_id":"`, 1)
		}
		if p.compare(t, []byte(line)); i > 20 && !p.short.wentShort([]byte(line)) {
			t.Fatalf("line %d went the long way", i)
		}
	}
}

// wentShort reports whether text goes the short way.
func (f *fuzzReader) wentShort(text []byte) bool {
	defer func(before record.Counts) { f.counts = before }(f.counts)
	f.counts.SoraEvents = slices.Clone(f.counts.SoraEvents)
	f.b.Begin(&entry.Entry{Text: text})
	return f.r.readShort()
}

// What was found for one configuration's secrets does not hold for another's.
func TestShortWayForgets(t *testing.T) {
	p := newPair(t)
	for range 20 {
		p.compare(t, []byte(usual))
	}
	redactor, err := redact.New(redact.Config{Enabled: true, Patterns: []string{"WebSocket", "sora@[0-9.]+", "sora.,.signaling"}})
	if err != nil {
		t.Fatal(err)
	}
	p.short.settings.Redactor, p.short.p = redactor, NewParser(Config{})
	r := p.short.read(t, "sora", []byte(usual))
	if s := r.String(); strings.Contains(s, "WebSocket") || strings.Contains(s, "10.20.30.40") || strings.Contains(s, `"sora"} values`) {
		t.Errorf("what the new configuration masks got through: %s", s)
	}
}

// FuzzShort holds the short way against the long one, for any line after any other.
func FuzzShort(f *testing.F) {
	for _, u := range unusual {
		f.Add([]byte(usual), []byte(strings.Replace(usual, u[0], u[1], 1)))
	}
	for _, s := range scannerSeeds {
		f.Add([]byte(s), []byte(usual))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		p := newPair(t)
		for range 4 {
			p.compare(t, a)
		}
		p.compare(t, b)
		p.compare(t, bytes.Clone(a))
		p.compare(t, b)
	})
}

// No name comes twice in a record, whatever a message holds.
func TestPairsAreUnique(t *testing.T) {
	f := newFuzzReader()
	for _, msg := range []string{"A-CODE | a=1 a=2", "A-CODE | reason=x, reason=y", "A-CODE | b=1, a=2, b=3", "A-CODE | size=1", "A-CODE | x=1"} {
		for _, line := range []string{`{"msg":"` + msg + `"}`, `{"msg":"` + msg + `","a":"field","x":"field"}`, `{"\u0061":"field","msg":"` + msg + `"}`} {
			a := recordtest.Attributes(t, f.read(t, "sora", []byte(line))) // fails if one is there twice
			if strings.Contains(line, `"field"`) && a["sora.a"] != `"field"` {
				t.Errorf("%s: the field is %s", line, a["sora.a"])
			}
		}
		recordtest.Attributes(t, f.read(t, "sora", []byte("2026-01-01T00:00:00Z [info] "+msg)))
	}
}

// Lists that are remembered in one place are told apart.
func TestListsAreToldApart(t *testing.T) {
	f := newFuzzReader()
	for _, item := range []string{"sora", "mora", "sora", "mor"} {
		line := fmt.Sprintf(`{"domain":["%s","signaling"],"msg":"x"}`, item)
		for range 2 {
			a := recordtest.Attributes(t, f.read(t, "sora", []byte(line)))
			if want := fmt.Sprintf(`["%s", "signaling"]`, item); a["sora.domain"] != want {
				t.Errorf("domain %s, want %s", a["sora.domain"], want)
			}
		}
	}
}
