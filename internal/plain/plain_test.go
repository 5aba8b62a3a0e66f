package plain

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"/log/sora.jsonl":           "/log/sora.jsonl",
		"日本語　ログ \u00a0é😀":           "日本語　ログ \u00a0é😀",
		"a\x1b[2Jb":                 `a\x1b[2Jb`,
		"a\x1b]0;title\x07":         `a\x1b]0;title\x07`,
		"a\nb\tc\rd":                `a\nb\tc\x0dd`,
		"\u009b31mred":              `\u009b31mred`,
		"\u202egpj.exe\u2066":       `\u202egpj.exe\u2066`,
		"zero\u200bwidth":           `zero\u200bwidth`,
		"\u2028line":                `\u2028line`,
		"\x7f\x80\xff":              `\x7f\x80\xff`,
		"half \xe6\x97":             `half \xe6\x97`,
		"replacement \ufffd \x1b":   "replacement \ufffd \\x1b",
		"private \ue000 \U000e0041": `private \ue000 \ue0041`,
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestWriter(t *testing.T) {
	var b bytes.Buffer
	if n, err := Writer(&b).Write([]byte("a\tb\n\x1b[1mc\n")); n != 10 || err != nil || b.String() != "a\tb\n\\x1b[1mc\n" {
		t.Errorf("%d, %v: %q", n, err, b.String())
	}
}

func TestJSONReadsBackAsTheSame(t *testing.T) {
	for _, s := range []string{"plain", "日本語", "\x1b[2J", "a\u009bb\u202ec\x7f\U000e0041", "\ufffd", "\n\t"} {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		out := JSON(data)
		var back string
		if err := json.Unmarshal(out, &back); err != nil || back != s {
			t.Errorf("%q: %s, %q, %v", s, out, back, err)
		}
		if bytes.ContainsFunc(out, func(r rune) bool { return odd(r) && r != '\ufffd' }) {
			t.Errorf("%q: %q", s, out)
		}
	}
}
