package recordtest

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what is there now into the golden files")

// A File is one section of a golden file.
type File struct {
	Name string
	Data []byte
}

// Golden runs a test for each file that pattern matches. A golden file is in
// txtar form: a comment, then sections that begin with a line `-- name --`.
// The section called "want" holds what render must return for the others; with
// -update it is written anew.
func Golden(t *testing.T, pattern string, render func(t *testing.T, input []File) string) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files %s (%v)", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			head, want, _ := bytes.Cut(data, []byte("-- want --\n"))
			got := render(t, sections(head))
			if *update {
				if err := os.WriteFile(path, append(head, "-- want --\n"+got...), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s: %s\nTo accept what is there now: go test -update", path, firstDifference(string(want), got))
			}
		})
	}
}

// Inputs returns all sections but "want" of the golden files that match pattern.
func Inputs(t *testing.T, pattern string) (all []File) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files %s (%v)", pattern, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := bytes.Cut(data, []byte("-- want --\n"))
		all = append(all, sections(head)...)
	}
	return all
}

// sections splits a txtar archive without its comment.
func sections(data []byte) []File {
	var files []File
	for line := range bytes.Lines(data) {
		name, ok := marker(line)
		if ok {
			files = append(files, File{Name: name})
		} else if n := len(files); n > 0 {
			files[n-1].Data = append(files[n-1].Data, line...)
		}
	}
	return files
}

func marker(line []byte) (string, bool) {
	s, ok := strings.CutPrefix(string(line), "-- ")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(strings.TrimSuffix(s, "\n"), " --")
}

// firstDifference shows the first line that differs, with what is before it.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return strings.Join(w[max(0, i-3):min(i, len(w))], "\n") + "\nwant: " + a + "\ngot:  " + b
		}
	}
	return "no difference"
}
