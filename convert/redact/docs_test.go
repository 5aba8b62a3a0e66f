package redact

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of names into docs/attributes.md")

// What is masked is documented from the table of names.
func TestDocument(t *testing.T) {
	const file, begin, end = "../../docs/attributes.md", "<!-- names: go test ./convert/redact -update -->\n", "<!-- end of names -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("docs/attributes.md has no place for the table of names")
	}
	want := before + begin + markdown() + end + after
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/attributes.md is out of date: go test ./convert/redact -update")
	}
	if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
