package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// FuzzAppend: JSON stays JSON with the same keys, what is not suspected is not
// changed, and what is found are parts of the text, in order.
func FuzzAppend(f *testing.F) {
	for _, s := range []string{
		`{"a":"token=x","password":"y\\","b":[1]}`, `{"sdp":"a=ice-pwd:x\r\n","token":5}`, `{"j":"{\"token\":\"a\\\"b\"}"}`, `{"msg":"bad token:\"\\","channel_id":"ch1"}`,
		`Authorization: x\\"y`, `{"a":"Authorization: b\\","c":1}`, `{"a":"password='x","b":"c'"}`, `{"":"Authorization:\\"}`, `{token,<<"x">>}`, `a://b:c@d`,
	} {
		f.Add([]byte(s))
	}
	for _, s := range slices.Concat(disguises, furtherDisguises, pexipDisguises, harmless, furtherHarmless) {
		f.Add([]byte(s))
	}
	base := mustNew(f, Config{})
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, r := range []*Redactor{base, base.ForPexip(), base.ForFailures()} {
			got, n := r.Append(nil, text)
			if n > 0 && (!r.Suspect(text) || !r.SuspectPart(text)) {
				t.Fatalf("%q: masked but not suspected", text)
			}
			if n == 0 && !bytes.Equal(got, text) {
				t.Fatalf("%q: changed to %q without a secret", text, got)
			}
			checkSpans(t, r, text)
			if !r.pexip && json.Valid(text) {
				checkJSON(t, text, got, r.failures)
			}
		}
	})
}

// checkSpans fails if the secrets found are not parts of text, one behind the other.
func checkSpans(t *testing.T, r *Redactor, text []byte) {
	t.Helper()
	var s search
	done := 0
	for _, x := range r.find(&s, text) {
		if x.from < done || x.to <= x.from || x.to > len(text) || x.quoteEnd > len(text) || x.quote > x.quoteEnd {
			t.Fatalf("%q: %+v, after what ends at %d", text, x, done)
		}
		done = x.to
	}
}

// checkJSON fails if got is no JSON, or has other keys than text.
func checkJSON(t *testing.T, text, got []byte, less bool) {
	t.Helper()
	if !json.Valid(got) {
		t.Fatalf("%q: no JSON any more: %q", text, got)
	}
	if less {
		return // metadata is masked with its keys
	}
	if before, after := keysOf(text), keysOf(got); !slices.Equal(before, after) {
		t.Fatalf("%q: becomes %q, with other keys: %q, %q", text, got, before, after)
	}
}

// keysOf are the keys of JSON, in order.
func keysOf(text []byte) (keys []string) {
	d := json.NewDecoder(bytes.NewReader(text))
	type level struct{ object, value bool }
	var levels []level
	for {
		token, err := d.Token()
		if err != nil {
			return keys
		}
		var top *level
		if len(levels) > 0 {
			top = &levels[len(levels)-1]
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '}' || v == ']' {
				levels = levels[:len(levels)-1]
				continue
			}
			if top != nil {
				top.value = false
			}
			levels = append(levels, level{object: v == '{'})
			continue
		case string:
			if top != nil && top.object && !top.value {
				keys, top.value = append(keys, v), true
				continue
			}
		}
		if top != nil {
			top.value = false
		}
	}
}

// FuzzPairs: Pexip's pairs stay pairs, with the same keys, whatever their values are.
func FuzzPairs(f *testing.F) {
	for _, s := range slices.Concat(disguises, pexipDisguises) {
		f.Add(s+"\xfe"+s, uint8(len(s)))
	}
	keys := []string{"Detail", "Message", "Pin", "Call-id", "Token", "Guest-Pin", "Conference", "Request", "Digits", "Authorization", "Name", "Fragment-Number"}
	pair := regexp.MustCompile(`([A-Za-z-]+)="([^"]*)"( |$)`)
	r := mustNew(f, Config{}).ForPexip()
	f.Fuzz(func(t *testing.T, values string, first uint8) {
		var line strings.Builder
		for i, v := range strings.Split(values, "\xfe") {
			if i > 0 {
				line.WriteByte(' ')
			}
			key := keys[(int(first)+i*5)%len(keys)]
			fmt.Fprintf(&line, `%s="%s"`, key, strings.NewReplacer(`"`, "", "=", "").Replace(v))
		}
		got, _ := r.Append(nil, []byte(line.String()))
		before, after := pair.FindAllStringSubmatch(line.String(), -1), pair.FindAllStringSubmatch(string(got), -1)
		same := slices.EqualFunc(before, after, func(a, b []string) bool { return a[1] == b[1] })
		if !same {
			t.Fatalf("%q becomes %q", line.String(), got)
		}
	})
}
