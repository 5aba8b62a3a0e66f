package otlp

import (
	"strings"
	"testing"
)

func TestFindString(t *testing.T) {
	var w Writer
	w.Int(NewKey("n"), 7)
	w.Text(NewKey("a"), []byte("short"))
	w.BeginList(NewKey("l"))
	w.Item([]byte("x"))
	w.EndList()
	w.Null(NewKey("null"))
	w.String(NewKey("empty"), "")
	w.String(NewKey("long"), strings.Repeat("y", 5000))
	w.Double(NewKey("d"), 1.5)
	w.Bool(NewKey("b"), true)
	w.Text(NewKey("a"), []byte("again"))
	w.Text(NewKey("ab"), []byte("other"))
	for key, want := range map[string]string{"a": "short", "empty": "", "long": strings.Repeat("y", 5000), "ab": "other"} {
		if got, ok := FindString(w.Buf, NewKey(key)); !ok || string(got) != want {
			t.Errorf("%s = %q, %v", key, got, ok)
		}
	}
	for _, key := range []string{"n", "l", "null", "d", "b", "", "abc", "missing"} {
		if got, ok := FindString(w.Buf, NewKey(key)); ok {
			t.Errorf("%s = %q", key, got)
		}
	}
	w.Int(NewKey("minus"), -3)
	for key, want := range map[string]int64{"n": 7, "minus": -3} {
		if got, ok := FindInt(w.Buf, NewKey(key)); !ok || got != want {
			t.Errorf("%s = %d, %v", key, got, ok)
		}
	}
	for _, key := range []string{"a", "l", "null", "d", "b", "empty", "missing"} {
		if got, ok := FindInt(w.Buf, NewKey(key)); ok {
			t.Errorf("%s = %d", key, got)
		}
	}
	for i := range w.Buf { // cut off anywhere, it ends
		FindString(w.Buf[:i], NewKey("missing"))
		FindInt(w.Buf[:i], NewKey("minus"))
	}
}
