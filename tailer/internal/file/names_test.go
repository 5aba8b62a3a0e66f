package file

import (
	"os"
	"strings"
	"testing"
)

// Each form of names that a rotation gives is known, and has an example here.
func TestRotations(t *testing.T) {
	examples := map[string][]string{
		rotations[0].name: {"sora.jsonl.1", "sora.jsonl-20261121", "sora.jsonl.2026-11-21_03", "sora-20261121.jsonl"},
		rotations[1].name: {"sora.jsonl-2026-11-21T03:00:00Z", "sora.jsonl.2026-11-21T03:00:00+09:00", "sora-20261121T030000Z.jsonl", "sora.jsonl-2026-11-21T03-00-00.123-0800"},
		rotations[2].name: {"sora.jsonl.old", "sora.old.jsonl"},
	}
	for _, r := range rotations {
		if len(examples[r.name]) == 0 {
			t.Errorf("no example of %s", r.name)
		}
		for _, name := range examples[r.name] {
			if after, before := LiveNames(name); after != "sora.jsonl" && before != "sora.jsonl" {
				t.Errorf("%s: %q, %q, want sora.jsonl", name, after, before)
			}
		}
	}
	for _, name := range []string{"sora.jsonl", "sora-old.jsonl", "gold.jsonl", "sora.jsonlZ", "soraT.jsonl", "a+b.jsonl", "UTC+09:00", "x-Z"} {
		if after, before := LiveNames(name); after != "" || before != "" {
			t.Errorf("%s: %q, %q, want none", name, after, before)
		}
	}
}

// The table of docs/following.md has a row for each form of names, and no other; the
// names it gives are taken for what it says.
func TestRotationsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/following.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(doc), "| what is added | as in |\n|---|---|\n")
	if !ok {
		t.Fatal("docs/following.md: no table of what is added to names")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	rows := map[string]string{}
	for row := range strings.Lines(table) {
		what, names, _ := strings.Cut(strings.Trim(row, "| \n"), " | ")
		rows[what] = names
	}
	for _, r := range rotations {
		what, _, _ := strings.Cut(r.name, ", as in ")
		quoted := strings.Split(rows[what], "`")
		if len(quoted) < 3 {
			t.Errorf("docs/following.md: no row with a name for %q", what)
		}
		for i := 1; i < len(quoted); i += 2 {
			if after, before := LiveNames(quoted[i]); after != "sora.jsonl" && before != "sora.jsonl" {
				t.Errorf("docs/following.md: %s is not taken for a rotated sora.jsonl", quoted[i])
			}
		}
		delete(rows, what)
	}
	for what := range rows {
		t.Errorf("docs/following.md: %q is no form of names that is known", what)
	}
}
