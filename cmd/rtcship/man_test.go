package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra/doc"
)

// There is a man page for each command. MAN_DIR keeps them: it is how `make man`
// has them made, so that the program need not be able to.
func TestManPages(t *testing.T) {
	dir := os.Getenv("MAN_DIR")
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root := newCommand()
	root.DisableAutoGenTag = true // no date: the same each time
	header := &doc.GenManHeader{Title: "RTCSHIP", Section: "1", Source: "rtcship", Manual: "rtcship"}
	if err := doc.GenManTree(root, header, dir); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" { // cobra's own
			continue
		}
		page, err := os.ReadFile(filepath.Join(dir, "rtcship-"+cmd.Name()+".1"))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(page), ".SH SYNOPSIS") {
			t.Errorf("%s: %s", cmd.Name(), page)
		}
	}
}
