package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of keys into docs/configuration.md")

func TestDocumentListsAllKeys(t *testing.T) {
	const path = "../../docs/configuration.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), "-update -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end of keys")
	if !ok1 || !ok2 {
		t.Fatal("the marks around the table are gone")
	}
	want := before + "-update -->\n" + Markdown() + "<!-- end of keys" + after
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatal("docs/configuration.md is out of date: go test ./internal/config -update")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
