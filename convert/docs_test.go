package convert

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAttributesAreDocumented looks for each attribute whose name is written in
// the code in the tables that users read.
func TestAttributesAreDocumented(t *testing.T) {
	var tables string
	for _, name := range []string{"attributes", "sora", "pexip"} {
		text, err := os.ReadFile("../docs/" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		tables += string(text)
	}
	sources, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	made, seen := regexp.MustCompile(`NewKey\("([a-z_.]+)"\)`), 0
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		code, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range made.FindAllSubmatch(code, -1) {
			seen++
			if !strings.Contains(tables, "`"+string(m[1])+"`") {
				t.Errorf("%s makes %s, which is in none of the documents", path, m[1])
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d attributes were found", seen)
	}
}
