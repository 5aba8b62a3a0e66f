package pexip

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
)

// FuzzParse holds every record to what is promised of it: nothing that stands
// in the text is missing from the record, no attribute occurs twice, and each
// has the one type that its name has everywhere.
func FuzzParse(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.text)
		f.Add(e.line())
	}
	for _, s := range []string{
		`<134>1 2026-03-04T05:06:07.091Z node7 pexip 77 ID9 [origin ip="192.0.2.7" x="a\"b"][y] Level="INFO" Message="x" word Duration="soon" Natted="maybe"`,
		`<13>1 2026-03-04T05:06:10Z gate - - - - <134>Mar  4 05:06:09 relay pexip: <134>2026-03-04T05:06:08Z node7 2026-03-04 05:06:07,089 Level="INFO" Message="x"`,
		`Name="support.sip" Message="Received SIP request" Detail="INVITE sip:x SIP/2.0^MFrom: "Bob" <sip:b@h>^MCall-ID: c^MCSeq: 1 INVITE`,
		`Message="m" Call-Id="1" call-id="2" X="a" x="b" Media="x" Quirks="y" Module="z" Duration-text="w" =" "" ^M`,
		`Message="Media Stream destroyed" Detail="Stream 2 (p)^MRX: rate 0kbps loss 0.00% jitter 0ms^Mcodec a resolution 1x2 fps 3"`,
		`0001-01-01 00:00:00,000 Message="x"`, `Leve.l="" MessAge=`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		r, host := parseLine(t, text)
		checkTypes(t, text, r)
		if reported.MatchString(text) || strings.Contains(text, `\`) {
			return // a time written anew, escapes taken away: the words change
		}
		said := saidBy(r, host)
		rest := spelled.ReplaceAllStringFunc(strings.ReplaceAll(text, "^M", "\n"), func(key string) string {
			if slices.Contains(understood, string(fold(nil, []byte(key[:len(key)-1])))) {
				return ""
			}
			return key
		})
		for _, word := range words.FindAllString(rest, -1) {
			if w := squeeze(word); !strings.Contains(said, w) && !slices.Contains(understood, w) {
				t.Fatalf("%q: %q is lost\n%s", text, word, printRecord(r, host))
			}
		}
	})
}

var (
	words    = regexp.MustCompile(`[A-Za-z]{2,}`)
	spelled  = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_.-]*=`) // keys, which may have signs within: Leve.l
	reported = regexp.MustCompile(`(?i)last[-_.]*reported`)

	// understood are words that are said in another way.
	understood = []string{"level", "name", "message", "detail", "chair"}
)

// saidBy is all that a record says, in one text.
func saidBy(r *logs.LogRecord, host string) string {
	var b strings.Builder
	b.WriteString(host + " " + r.SeverityText + " " + r.Body.GetStringValue())
	for _, a := range r.Attributes {
		b.WriteString(" " + a.Key + " " + a.Value.GetStringValue())
		if _, ok := a.Value.Value.(*common.AnyValue_BoolValue); ok {
			b.WriteString(" true false")
		}
	}
	return squeeze(b.String())
}

// squeeze takes away what differs between a key and the name made of it.
func squeeze(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

// checkTypes fails if an attribute has another type than its name has in all
// records, or occurs twice.
func checkTypes(t *testing.T, text string, r *logs.LogRecord) {
	t.Helper()
	seen := make(map[string]bool)
	for _, a := range r.Attributes {
		if seen[a.Key] {
			t.Fatalf("%q: attribute %s occurs twice", text, a.Key)
		}
		seen[a.Key] = true
		if got, want := typeOf(a.Value), typeOfName(a.Key); got != want {
			t.Fatalf("%q: attribute %s is %s, not %s", text, a.Key, got, want)
		}
	}
}

func typeOf(v *common.AnyValue) string {
	switch v.Value.(type) {
	case *common.AnyValue_StringValue:
		return "string"
	case *common.AnyValue_IntValue:
		return "int"
	case *common.AnyValue_DoubleValue:
		return "double"
	case *common.AnyValue_BoolValue:
		return "bool"
	}
	return "other"
}

// typeOfName is the type that docs/pexip.md states for an attribute.
func typeOfName(name string) string {
	switch name {
	case "syslog.facility", "syslog.severity_code", "rtcship.invalid_utf8", "network.peer.port", "pexip.media.stream",
		"pexip.media.rx.width", "pexip.media.rx.height", "pexip.media.tx.width", "pexip.media.tx.height":
		return "int"
	case "pexip.media.kind", "pexip.media.rx.codec", "pexip.media.tx.codec":
		return "string"
	}
	if strings.HasPrefix(name, "pexip.media.") {
		return "double"
	}
	switch catalogue.fields[catalogue.attribute[strings.TrimPrefix(name, "pexip.")]].kind {
	case integer:
		return "int"
	case double:
		return "double"
	case boolean:
		return "bool"
	}
	return "string"
}
