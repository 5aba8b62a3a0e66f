package config

import (
	"flag"
	"fmt"
	"os"
	"reflect"
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
	want := before + "-update -->\n" + markdown() + "<!-- end of keys" + after
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

// markdown is a table of all keys, for docs/configuration.md.
func markdown() string {
	var b strings.Builder
	b.WriteString("| key | default | variable | |\n|---|---|---|---|\n")
	for _, k := range Keys() {
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s |\n", k.Path, defaultText(k), k.Env(), strings.ReplaceAll(k.Help, "|", "\\|"))
	}
	return b.String()
}

// defaultText is the key's default the way it is written in a file.
func defaultText(k Key) string {
	d := Default()
	if k.Path == "export.endpoint" {
		return DefaultEndpoint(d.Export.Protocol)
	}
	return valueText(reflect.ValueOf(d).FieldByIndex(k.index))
}
