package values

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write values.schema.json and the table of README.md")

// TestGenerated fails when values.yaml was changed and what is made of it was not.
func TestGenerated(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	files, err := Generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		path := filepath.Join(root, name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != string(want) {
			t.Errorf("%s is not what values.yaml makes (%v): make chart", name, err)
		}
	}
}

// TestDescribed holds each value to a description.
func TestDescribed(t *testing.T) {
	list, err := Read(filepath.Join("..", "..", "rtcship", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var walk func([]*Value)
	walk = func(list []*Value) {
		for _, v := range list {
			if v.Fields == nil && v.Help == "" {
				t.Errorf("%s has no description", v.Path)
			}
			walk(v.Fields)
		}
	}
	walk(list)
}
