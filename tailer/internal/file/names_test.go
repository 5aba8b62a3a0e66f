package file

import "testing"

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
