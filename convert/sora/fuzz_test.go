package sora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A fuzzReader reads single entries of one log, without masking.
type fuzzReader struct {
	b        record.Builder
	r        Reader
	p        *Parser
	settings record.Settings
	counts   record.Counts
}

func newFuzzReader() *fuzzReader {
	return &fuzzReader{p: NewParser(Config{}), settings: record.Settings{MaxBody: 1 << 30}}
}

// read is the record that text becomes, nil for an entry that holds nothing.
func (f *fuzzReader) read(t *testing.T, log string, text []byte) *logs.LogRecord {
	t.Helper()
	out := f.wire(log, text)
	if out == nil {
		return nil
	}
	records := recordtest.Decode(t, out)
	if len(records) != 1 {
		t.Fatalf("%d records", len(records))
	}
	return records[0]
}

// wire is that record in wire form.
func (f *fuzzReader) wire(log string, text []byte) []byte {
	return f.wireOf(log, entry.Entry{Text: text})
}

func (f *fuzzReader) wireOf(log string, e entry.Entry) []byte {
	f.b.StartBatch(&f.settings, &entry.Origin{Source: "sora", Log: log, Path: "/l/" + log, Born: time.Unix(1, 0)}, &f.counts)
	f.r.Start(f.p, &f.b)
	f.b.Begin(&e)
	if len(e.Text) == 0 || !f.r.Read() {
		return nil
	}
	out, ends := f.b.Finish(nil, nil)
	if len(ends) != 1 || ends[0] != len(out) {
		panic(fmt.Sprintf("ends %v of %d", ends, len(out)))
	}
	return out
}

func valid(b []byte) string { return string(record.AppendValid(nil, b)) }

// FuzzJSON holds the record of a JSON line against encoding/json: each value
// is in the body or in an attribute of its name, with its type.
func FuzzJSON(f *testing.F) {
	for _, s := range scannerSeeds {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"timestamp":"2026-04-02T01:02:03.000004Z","level":"warning","msg":"A-B | reason={x}","channel_id":"c","multistream":1,"minutes":1.5,"rtc_timestamp":1e999}`))
	f.Add([]byte(`{"msg":"m","x":1,"x":2,"node":"a","node_name":"b","reason":"r","domain":["a","\u00e4"],"size":-5,"\u006cevel":"info"}`))
	f.Add([]byte("{\"msg\":\"\xff\",\"k\xfe\":\"\xfd\"}"))
	fr := newFuzzReader()
	f.Fuzz(func(t *testing.T, text []byte) {
		if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
			return
		}
		r := fr.read(t, "sora", text)
		names, values, ok := referenceFields(text)
		a := recordtest.Attributes(t, r)
		if !ok {
			if r.Body.GetStringValue() != valid(text) || a["rtcship.parse_error"] == "" {
				t.Fatalf("%q: body %q, attributes %v", text, r.Body, a)
			}
			return
		}
		if r.Body.GetStringValue() == valid(text) {
			return // all of it is there
		}
		checkFields(t, r, a, text, names, values)
	})
}

// checkFields checks a line that was taken apart.
func checkFields(t *testing.T, r *logs.LogRecord, a map[string]string, text []byte, names []string, values []json.RawMessage) {
	ids := make(map[string]fieldID)
	for id, spec := range fieldSpecs {
		for _, name := range spec.names {
			ids[name] = fieldID(id)
		}
	}
	delete(ids, "")
	attr := func(name string) string {
		if id := ids[name]; id != unknownField {
			return "sora." + fieldSpecs[id].attr
		}
		return "sora." + name
	}
	seen, twice := make(map[string]bool), false
	for _, name := range names {
		twice = twice || seen[attr(name)]
		seen[attr(name)] = true
	}
	if twice {
		if a["log.record.original"] != strconv.Quote(valid(text)) {
			t.Fatalf("%q: a field is there twice, and the line is not kept: %v", text, a)
		}
		return
	}
	if !utf8.Valid(text) {
		return // encoding/json writes such names and values in another way
	}
	for i, name := range names {
		if err := checkField(r, a, ids[name], attr(name), values[i]); err != nil {
			t.Fatalf("%q: field %q: %v\n%v", text, name, err, a)
		}
	}
}

func checkField(r *logs.LogRecord, a map[string]string, id fieldID, attr string, value json.RawMessage) error {
	var s string
	isString := value[0] == '"' && json.Unmarshal(value, &s) == nil
	switch {
	case id == fieldMsg && isString:
		if r.Body.GetStringValue() != s {
			return fmt.Errorf("body %q", r.Body.GetStringValue())
		}
		return nil
	case id == fieldLevel && isString:
		if r.SeverityText != s {
			return fmt.Errorf("severity %q", r.SeverityText)
		}
		return nil
	case id == fieldTimestamp && isString && r.TimeUnixNano != 0 && a[attr] == "":
		if strings.HasSuffix(s[:19], ":60") {
			return nil // a leap second, which package time does not know
		}
		at, err := time.Parse(time.RFC3339Nano, strings.Replace(strings.ToUpper(s), " ", "T", 1))
		if err != nil || at.UnixNano() != int64(r.TimeUnixNano) {
			return fmt.Errorf("time %d (%w)", r.TimeUnixNano, err)
		}
		return nil
	}
	if want := expected(id, value, s, isString); a[attr] != want && a[attr+"_text"] != want {
		return fmt.Errorf("want %s", want)
	}
	return nil
}

// expected is how Attributes shows the value of a field.
func expected(id fieldID, value json.RawMessage, s string, isString bool) string {
	if string(value) == "null" {
		return "null"
	}
	typ := fieldSpecs[id].typ
	switch {
	case isString:
		return strconv.Quote(s)
	case typ == typeBool && (string(value) == "true" || string(value) == "false"):
		return string(value)
	case typ == typeInt:
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	case typ == typeDouble:
		if v, err := strconv.ParseFloat(string(value), 64); err == nil {
			return "double " + strconv.FormatFloat(v, 'g', -1, 64)
		}
	case typ == typeList:
		var list []any
		if json.Unmarshal(value, &list) == nil {
			items := []string{}
			for _, x := range list {
				s, ok := x.(string)
				if !ok {
					return strconv.Quote(string(value))
				}
				items = append(items, strconv.Quote(s))
			}
			return "[" + strings.Join(items, ", ") + "]"
		}
	}
	return strconv.Quote(string(value))
}

// FuzzLegacy puts a line together again from its record: nothing of it may be lost.
func FuzzLegacy(f *testing.F) {
	for _, s := range []string{
		`2022-06-07T02:25:48.479789Z [warning] sora@127.0.0.1 [sora/1DSH1E4S/sendrecv] [sim,multi] <0.1.2> CODE-X | reason={a,"b"}, c=d`,
		`2022-06-07T02:25:48.479789Z [error] [-/-/-] <0.9239.2> INVALID-JSON`, `2020-06-03 05:47:05.781 UTC [warning] [s/1DSH1E4S/-] text`,
		`2022-06-07T02:25:48Z [info] [a/b] c/1DSH1E4S/x] [sim] m`, `2022-06-07T02:25:48Z [info] a@b`, `2022-06-07T02:25:48+09:00 [info]  two blanks`,
		"2022-06-07T02:25:48Z [info] [\xff/-/-] \xfe",
	} {
		f.Add([]byte(s))
	}
	fr := newFuzzReader()
	f.Fuzz(func(t *testing.T, text []byte) {
		if i := skipSpace(text, 0); i >= len(text) || text[i] == '{' {
			return
		}
		r := fr.read(t, "sora", text)
		a := recordtest.Attributes(t, r)
		whole, body := valid(text), r.Body.GetStringValue()
		if body == whole {
			return
		}
		head, ok := strings.CutSuffix(whole, " "+body)
		if !ok {
			t.Fatalf("%q: body %q is no end of it", text, body)
		}
		if err := checkHead(head, r, a); err != nil {
			t.Fatalf("%q: %v in %v", text, err, a)
		}
	})
}

// checkHead takes from head what the record says, until nothing is left.
func checkHead(head string, r *logs.LogRecord, a map[string]string) error {
	if r.TimeUnixNano == 0 {
		return fmt.Errorf("no time")
	}
	get := func(name, absent string) string {
		s, err := strconv.Unquote(a[name])
		if err != nil {
			return absent
		}
		return s
	}
	_, rest, ok := strings.Cut(head, " ["+r.SeverityText+"]")
	if !ok {
		return fmt.Errorf("no level")
	}
	rest = strings.TrimPrefix(rest, " "+get("sora.node", "\x00"))
	rest = strings.TrimPrefix(rest, " ["+get("sora.channel_id", "-")+"/"+get("sora.connection_id_short", "-")+"/"+get("sora.role", "-")+"]")
	if a["sora.multistream"] != "" {
		options, after, _ := strings.Cut(rest, "]")
		for option, attr := range map[string]string{"multi": "sora.multistream", "spot": "sora.spotlight", "sim": "sora.simulcast"} {
			if strings.Contains(options, option) != (a[attr] == "true") {
				return fmt.Errorf("option %s", option)
			}
		}
		rest = after
	}
	rest = strings.TrimPrefix(rest, " "+get("sora.pid", "\x00"))
	if rest != "" {
		return fmt.Errorf("%q is lost", rest)
	}
	return nil
}

// FuzzReports: whatever stands in the files of the Erlang machine, the body is
// all of it, and what the attributes say is in it.
func FuzzReports(f *testing.F) {
	f.Add([]byte("=CRASH REPORT==== 3-Feb-2026::04:05:06.249190 ===\n  crasher:\n    pid: <0.1.2>\n    exception exit: {a,\n      b}\n      in function x\n"))
	f.Add([]byte("2026-02-03 04:05:06 =ERROR REPORT====\r\n** Generic server <0.4.0> terminating\r\n** Reason for termination ==\r\n** x"))
	f.Add([]byte("=erl_crash_dump:0.5\nTue Feb  3 04:05:06 2026\nSlogan: s\nAtoms: 5\n=end"))
	f.Add([]byte("=SUPERVISOR REPORT==== 1-Jan-1970::00:00:00 ===\n reason: a\n        b"))
	for _, s := range []string{
		"2026-05-04T18:28:52.123456+09:00 error:\n** State machine x terminating\n** Reason for termination = error:{a,[{m,f,1,[]}]}\n** Stacktrace =\n**  [x]",
		"2026-05-04 18:28:52Z error: crasher: initial call: a:b/1, pid: <0.1.2>, exit: {{a,b},[{m,f,1,[]}]}, ancestors: []; neighbours:",
		"2026-05-04 18:28:52Z error: Generic event handler x crashed. Installed: <0.1.2>. State: \"a. b\". Reason: {a,[{m,f,1,[]}]}.",
		"=ERROR REPORT====\nRanch listener a had process <0.1.2> exit with reason x and stacktrace []",
		"=ERROR REPORT====\nwith exit value:\n\n** Reason == \n** a\n** Generic server {a terminating, ** Reason =",
		"2026-05-04 18:28:52Z info: Supervisor: x. Started: id=a,pid=<0.1.2>.",
	} {
		f.Add([]byte(s))
	}
	fr := newFuzzReader()
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, log := range []string{"crash", "erl_crash", "run_erl", "sysctl"} {
			r := fr.read(t, log, text)
			if r == nil {
				continue
			}
			if r.Body.GetStringValue() != valid(text) {
				t.Fatalf("%s %q: body %q", log, text, r.Body)
			}
			for name, v := range recordtest.Attributes(t, r) {
				if name == "exception.type" && (v == `"error"` || v == `"exit"` || v == `"throw"`) {
					continue // where it is not said, it is concluded
				}
				if s, err := strconv.Unquote(v); err == nil && (strings.HasPrefix(name, "exception.") || strings.HasPrefix(name, "sora.dump.")) &&
					!strings.Contains(valid(text), s) {
					t.Fatalf("%s %q: %s = %s", log, text, name, v)
				}
			}
		}
	})
}

// FuzzConsole: only carriage returns and escape sequences are taken away.
func FuzzConsole(f *testing.F) {
	for _, s := range []string{"\x1b[1mx\x1b[0m\r", "\x1b]0;t\x07x", "2026-02-03T04:20:07+00:00 error: x", "=ERROR REPORT==== x", "\x1b", "=====", "\x1b[\x1b[m"} {
		f.Add([]byte(s))
	}
	fr := newFuzzReader()
	f.Fuzz(func(t *testing.T, text []byte) {
		r := fr.read(t, "erlang", text)
		if r == nil {
			return
		}
		body := r.Body.GetStringValue()
		if strings.ContainsAny(body, "\r\x1b") {
			t.Fatalf("%q: body %q", text, body)
		}
		if !bytes.ContainsAny(text, "\r\x1b") && body != valid(text) {
			t.Fatalf("%q: body %q", text, body)
		}
		if !utf8.Valid(text) {
			return // bytes that were apart may have come together
		}
		rest := string(text)
		for _, c := range body {
			i := strings.IndexRune(rest, c)
			if i < 0 {
				t.Fatalf("%q: body %q has what was not there", text, body)
			}
			rest = rest[i:]
			_, n := utf8.DecodeRuneInString(rest)
			rest = rest[n:]
		}
	})
}

// FuzzTerm: a term ends within the text, at its end or before a blank or comma,
// and a term in brackets is taken whole whatever stands in its strings.
func FuzzTerm(f *testing.F) {
	for _, s := range []string{`<<"a b">>, c`, `{a,[b,#{c => "d, e"}]} x`, `$], y`, `'a b' c`, `<0.1.2>, x`, `#Fun<a.1.2> b`, `"unclosed, x`, `}} a`, `<<1,2>>`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n := skipTerm(text)
		if n < 0 || n > len(text) || n < len(text) && text[n] != ' ' && text[n] != ',' {
			t.Fatalf("%q ends at %d", text, n)
		}
		quoted := []byte(`{"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(text)) + `"}, next`)
		if n := skipTerm(quoted); n != len(quoted)-len(", next") {
			t.Fatalf("%q ends at %d", quoted, n)
		}
	})
}

// pairsByReading is what pairs finds when it reads each term to its end.
func pairsByReading(s []byte) (found []string) {
	for len(s) > 0 {
		n := keyLength(s)
		if n == 0 {
			return found
		}
		key, rest := s[:n], s[n+1:]
		end := skipTerm(rest)
		next := bytes.TrimLeft(rest[end:], " ,")
		if len(next) > 0 && keyLength(next) == 0 {
			end, next = len(rest), nil
		}
		found = append(found, fmt.Sprintf("%s=%s", key, rest[:end]))
		s = next
	}
	return found
}

// FuzzPairs holds the short cut through terms that nothing follows against
// reading all of them.
func FuzzPairs(f *testing.F) {
	for _, s := range []string{"reason=normal", "a=1, b=2", "a={x,1} b=<<\"c=d\">>", "reason=#{ssrc => 1,type => 96}", "a=1 ,", "a=b c=", "a=b c", "a={b=c", "a=b c1_=d e", "=", "a==b"} {
		f.Add([]byte(s))
	}
	fr := newFuzzReader()
	f.Fuzz(func(t *testing.T, s []byte) {
		if !utf8.Valid(s) {
			return
		}
		fr.b.StartBatch(&fr.settings, &entry.Origin{Source: "sora", Log: "sora", Path: "/l/sora"}, &fr.counts)
		fr.r.Start(fr.p, &fr.b)
		fr.b.Begin(&entry.Entry{Text: s})
		fr.r.pairs(s)
		out, _ := fr.b.Finish(nil, nil)
		a := recordtest.Attributes(t, recordtest.Decode(t, out)[0])
		seen := make(map[string]bool)
		for _, pair := range pairsByReading(s) {
			key, term, _ := strings.Cut(pair, "=")
			if seen[key] {
				continue // is left to the body
			}
			seen[key] = true
			if fr.p.fields.id([]byte(key)) != unknownField && key != "reason" || len(term) > maxValue {
				continue
			}
			if got := a["sora."+key]; got != strconv.Quote(term) {
				t.Fatalf("%q: %s is %s, want %q", s, key, got, term)
			}
		}
	})
}
