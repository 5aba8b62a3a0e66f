package pexip

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// scan returns a scanner that knows nothing of keys.
func scan(text []byte) scanner { return scanner{text: text, quote: -1} }

// tokens prints what the scanner finds, one token after another.
func tokens(text string) string {
	var out []string
	s := scan([]byte(text))
	for t := new(token); s.Next(t); {
		key, value := t.Key([]byte(text)), t.Value([]byte(text))
		item := fmt.Sprintf("(%s)", value)
		if key != nil {
			item = fmt.Sprintf("%s=%s", key, value)
		}
		for i, name := range []string{"escaped", "missing", "unterminated"} {
			if t.flags&(1<<i) != 0 {
				item += "!" + name
			}
		}
		out = append(out, item)
	}
	return strings.Join(out, " | ")
}

func TestScanner(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := tokens(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
	f(``, ``)
	f(` `, ``)
	f(`A="1"`, `A=1`)
	f(`A="1" B="two words" C="" d_e="3"`, `A=1 | B=two words | C= | d_e=3`)
	f(`  A="1"   B="2"  `, `A=1 | B=2`)
	f("A=\"1\"\tB=\"2\"\nC=\"3\"\r\n", `A=1 | B=2 | C=3`)

	// No opening quote.
	f(`Participant="sip:a@h" Call-id=890b@192.0.2.1"`, `Participant=sip:a@h | Call-id=890b@192.0.2.1!missing`)
	f(`Call-id=890b@h" Participant="p"`, `Call-id=890b@h!missing | Participant=p`)
	f(`Participant=Alice Smith" Role="host"`, `Participant=Alice Smith!missing | Role=host`)
	f(`A="x" Call-id=890b@h" B="y"`, `A=x | Call-id=890b@h!missing | B=y`)
	f(`Count=5 A="x"`, `Count=5!missing | A=x`)
	f(`Count= A="x"`, `Count=!missing | A=x`)
	f(`Count=`, `Count=!missing`)
	f(`A="x" Count=5 B="y"`, `A=x | Count=5!missing | B=y`)

	// Quotes inside.
	f(`Message="said "hi" there" K="v"`, `Message=said "hi" there | K=v`)
	f(`Message="said "hi" there"`, `Message=said "hi" there`)
	f(`Participant=""Bob" <sip:bob@h>" Role="guest"`, `Participant="Bob" <sip:bob@h> | Role=guest`)
	f(`Participant="Robert "Bob" Smith" Role="guest"`, `Participant=Robert "Bob" Smith | Role=guest`)
	f(`Message="say \"hi\" now" K="v"`, `Message=say \"hi\" now!escaped | K=v`)
	f(`Detail="{\"status\": \"ok\", \"n\": 1}" Code="403"`, `Detail={\"status\": \"ok\", \"n\": 1}!escaped | Code=403`)
	f(`Detail="{"status": "ok", "n": 1}" Code="403"`, `Detail={"status": "ok", "n": 1} | Code=403`)
	f(`Detail="INVITE sip:x^MFrom: "Bob" <sip:b@h>;tag=1^MAuthorization: Digest username="bob", realm="r"^MContact: <sip:b>" Dst="d"`,
		`Detail=INVITE sip:x^MFrom: "Bob" <sip:b@h>;tag=1^MAuthorization: Digest username="bob", realm="r"^MContact: <sip:b> | Dst=d`)
	f(`Detail="v=0^Ma=label:"x"^Ms=-^Mt=0 0" K="v"`, `Detail=v=0^Ma=label:"x"^Ms=-^Mt=0 0 | K=v`)

	// Words between pairs.
	f(`Name="support.jinja2" pex_debug_log Detail="x"`, `Name=support.jinja2 | (pex_debug_log) | Detail=x`)
	f(`Name="x" tail`, `Name=x | (tail)`)
	f(`word Name="x" 1/3 (more)`, `(word) | Name=x | (1/3) | ((more))`)
	f(`9x="v"`, `(9x="v")`)
	f(`="v"`, `(="v")`)
	f(`no pairs, at all`, `(no) | (pairs,) | (at) | (all)`)

	// A quote behind a sign opens a value, also one that is cut.
	f(`A=b C=" D="x"`, `A=b!missing | C= D="x`)
	f(`A=b C=" `, `A=b!missing | C= !unterminated`)

	// Cut.
	f(`Detail="INVITE sip:x^MVia: `, `Detail=INVITE sip:x^MVia: !unterminated`)
	f(`Detail="INVITE sip:x^MFrom: "Bob" <sip:bob`, `Detail=INVITE sip:x^MFrom: "Bob" <sip:bob!unterminated`)
	f(`Detail="`, `Detail=!unterminated`)
	f(`A="x" Deta`, `A=x | (Deta)`)

	// A backslash before the closing quote cannot be told from an escaped quote.
	f(`Path="C:\" K="v"`, `Path=C:\" K="v!escaped`)
	f(`Path="C:\dir" K="v"`, `Path=C:\dir | K=v`)

	// Line breaks.
	f(`Detail="^MVia: x^M" K="v"`, `Detail=^MVia: x^M | K=v`)
	f("Detail=\"Stream 0 (audio)\n\u00a0RX: rate\" K=\"v\"", "Detail=Stream 0 (audio)\n\u00a0RX: rate | K=v")
	f(`Module="vmsessionid"^M`, `Module=vmsessionid`)
	f(`Module="id"^MKey="v"`, `Module=id | Key=v`)
	f(`Module="id"^Mabc-def`, `Module=id"^Mabc-def!unterminated`)

	f(strings.Repeat("k", 64)+`="v"`, strings.Repeat("k", 64)+`=v`)
	f(strings.Repeat("k", 65)+`="v"`, `(`+strings.Repeat("k", 65)+`="v")`)
}

// Every byte must be part of a token or a separator, and a token must consist
// of its key and its value.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`A="1" word Call-id=890b@h" Message="said "hi" there" D="INVITE^MVia: x`))
	f.Add([]byte("P=\"C:\\\" K=\"v\" \u00a0 x=\t\r\n^M=\"\""))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := scan(text)
		at := 0
		for tok := new(token); s.Next(tok); {
			start := int(tok.Start)
			if start < at || tok.End <= tok.Start || separators(text[at:start]) != start-at {
				t.Fatalf("%q between tokens", text[at:start])
			}
			at = int(tok.End)
			key, value, raw := tok.Key(text), tok.Value(text), text[start:at]
			if !bytes.Equal(raw, rebuild(key, value, tok.flags, raw)) {
				t.Fatalf("token %q has key %q and value %q", raw, key, value)
			}
		}
		if separators(text[at:]) != len(text)-at {
			t.Fatalf("%q after the last token", text[at:])
		}
	})
}

// rebuild writes a token as it must have stood in the text.
func rebuild(key, value []byte, flags flags, raw []byte) []byte {
	if key == nil {
		return value
	}
	b := append(bytes.Clone(key), '=')
	if flags&missingQuote == 0 {
		b = append(b, '"')
	}
	b = append(b, value...)
	if len(raw) == len(b)+1 {
		b = append(b, '"')
	}
	return b
}

// A line of nothing but quotes and words must not take quadratic time.
func TestScannerIsLinear(t *testing.T) {
	for _, unit := range []string{`"`, `" `, `a `, `a="`, `a=b `, `" a=b `, `a="b" `, `^M`, `\"`, `="`} {
		long := strings.Repeat(unit, 1<<16/len(unit))
		for _, text := range []string{long, `K="` + long, long + `x" ` + strings.Repeat("c ", 1<<15) + "<"} {
			s := scan([]byte(text))
			for t := new(token); s.Next(t); {
			}
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	text := []byte(joined)
	b.ReportAllocs()
	for b.Loop() {
		s := scan(text)
		n := 0
		for t := new(token); s.Next(t); {
			n++
		}
		if n != 20 {
			b.Fatal(n)
		}
	}
}

// joined is the largest common message.
const joined = `Level="INFO" Name="administrator.conference" Message="Participant has joined." Conference="Meet Alice" Service-tag="" Service-type="conference" ` +
	`ConferenceAlias="sip:meet.alice@example.com" Participant="sip:alice@example.com" DisplayName="Alice Smith" Protocol="SIP" Direction="in" ` +
	`Vendor="TANDBERG/257 (TE4.1.1.273710)" Call-id="fe7107ba-...16c" Conversation-id="fe7107ba-...16c" Participant-id="44be63a0-...c52" ` +
	`Location="London" Licenses="1" Signaling-node="192.168.0.1" Signaling-location="London" Media-node="192.168.0.2"`
