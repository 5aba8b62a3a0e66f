package cache

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What README of the receivers has people build is part of what the tests build,
// by the same builder.
func TestReadmeBuilds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository(), "otelcol", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "go run "+builder+" ") {
		t.Errorf("README does not run %s", builder)
	}
	modules := regexp.MustCompile(`(?m)^  - gomod: .*\n(    import: .*\n)?`).FindAllString(string(text), -1)
	if len(modules) < 5 {
		t.Fatalf("README has no builder file, or another form: %q", modules)
	}
	for _, m := range modules {
		if !strings.Contains(string(receiversConfig), m) {
			t.Errorf("the tests build nothing with\n%s", m)
		}
	}
}
