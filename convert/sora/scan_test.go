package sora

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// referenceFields reads an object with encoding/json, one field after another.
func referenceFields(text []byte) (names []string, values []json.RawMessage, ok bool) {
	if !json.Valid(text) || len(bytes.TrimLeft(text, " \t\r\n")) == 0 || bytes.TrimLeft(text, " \t\r\n")[0] != '{' {
		return nil, nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.Token()
	for d.More() {
		name, err := d.Token()
		if err != nil {
			panic(err)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			panic(err)
		}
		names, values = append(names, name.(string)), append(values, v)
	}
	return names, values, true
}

// replaceInvalid does to a string what encoding/json does to its bytes that
// are no UTF-8.
func replaceInvalid(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

// FuzzScanner holds the scanner against encoding/json: the same texts are
// objects, with the same names and values in the same order.
func FuzzScanner(f *testing.F) {
	for _, s := range scannerSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := scanner{names: newFieldTable(fieldSpecs)}
		reason := s.object(text)
		names, values, ok := referenceFields(text)
		if ok != (reason == "") {
			t.Fatalf("%q: encoding/json says %v, the scanner %q", text, ok, reason)
		}
		if !ok {
			return
		}
		if len(names) != len(s.fields) {
			t.Fatalf("%q: %d fields, want %d", text, len(s.fields), len(names))
		}
		for i, m := range s.fields {
			name := replaceInvalid(appendUnescaped(nil, text[m.keyStart:m.keyEnd]))
			if name != names[i] {
				t.Fatalf("%q: name %q, want %q", text, name, names[i])
			}
			if m.kind != '"' {
				if got := s.raw(&m); !bytes.Equal(got, values[i]) {
					t.Fatalf("%q: value %q, want %q", text, got, values[i])
				}
				continue
			}
			var want string
			if err := json.Unmarshal(values[i], &want); err != nil {
				t.Fatal(err)
			}
			got := s.raw(&m)
			if m.escaped {
				got = appendUnescaped(nil, got)
			} else if bytes.IndexByte(got, '\\') >= 0 {
				t.Fatalf("%q: escape not seen", text)
			}
			if replaceInvalid(got) != want {
				t.Fatalf("%q: string %q, want %q", text, got, want)
			}
		}
	})
}

var scannerSeeds = []string{
	``, `{}`, ` { } `, `{"a":1}`, `{"a":1,}`, `{,"a":1}`, `{"a" : [ ] , "b" : { } }`, `{"a":[1,2,{"b":[{}]},"x"],"c":null}`,
	`{"a":[1,]}`, `{"a":{"b"}}`, `{"a":{"b":1,}}`, `{"a":tru}`, `{"a":true}`, `{"a":false} x`, `{"a":-0}`, `{"a":01}`, `{"a":1.}`,
	`{"a":1.5e+10}`, `{"a":1E-3}`, `{"a":.5}`, `{"a":-}`, `{"a":+1}`, `{"a":1e}`, `{"a":"\u00e4\ud83d\ude00\ud800x\udc00"}`, `{"a":"\x"}`,
	`{"a":"\u12g4"}`, "{\"a\":\"tab\there\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\xc3\"}", `{"a":"12345678\"12345678\\"}`, `{"\u0061":1,"a":2}`,
	`{"a":[[[[]]]]}`, `{"a":[}`, `{"a":{]}`, `{"a":["b":1]}`, `{"a":{"b":[{"c":{}},[]]}}`, "\ufeff{}", `[1]`, `"x"`, `{"a":"`, `{"a":"\`, `{"a":"\u12`,
	`{"a":1}{"b":2}`, `{"a" 1}`, `{"a"`, `{"a":`, `{a:1}`, `{"level":"error","msg":"INVALID-JSON | reason={x,#{k => 1}}","domain":["sora","rtp"]}`,
}

func TestScannerSeeds(t *testing.T) {
	for _, text := range scannerSeeds {
		s := scanner{names: newFieldTable(fieldSpecs)}
		_, _, ok := referenceFields([]byte(text))
		if reason := s.object([]byte(text)); ok != (reason == "") {
			t.Errorf("%q: encoding/json says %v, the scanner %q", text, ok, reason)
		}
	}
}

// Both accept the same depth of nesting.
func TestScannerDepth(t *testing.T) {
	for _, n := range []int{1, 62, 63, 64, 65, 127, 128, 9_998, 9_999, 10_000, 20_000} {
		text := []byte(`{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
		s := scanner{names: newFieldTable(fieldSpecs)}
		if ok, reason := json.Valid(text), s.object(text); ok != (reason == "") {
			t.Errorf("depth %d: encoding/json says %v, the scanner %q", n, ok, reason)
		}
		mixed := []byte(`{"a":` + strings.Repeat(`[{"x":`, n/2) + "1" + strings.Repeat("}]", n/2) + `}`)
		if ok, reason := json.Valid(mixed), s.object(mixed); ok != (reason == "") {
			t.Errorf("mixed depth %d: encoding/json says %v, the scanner %q", n, ok, reason)
		}
	}
}
