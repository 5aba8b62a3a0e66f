package tailer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"sora.jsonl", "sora.jsonl.1", "sora.jsonl-20261114.gz", "erlang.log.2", "crash.log", "notes.txt",
		"connection_created_wait_timeout_error/1_A.jsonl",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Find(Config{Sources: []Source{{Name: "sora", Dir: dir, Rules: SoraRules(), Exclude: []string{"crash.log"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range found {
		got = append(got, strings.TrimPrefix(f.Path, dir+"/")+" "+f.Log+" "+string(f.State))
	}
	want := []string{
		"connection_created_wait_timeout_error/1_A.jsonl connection_created_wait_timeout_error live",
		"erlang.log.2 erlang live",
		"sora.jsonl sora live",
		"sora.jsonl-20261114.gz sora compressed",
		"sora.jsonl.1 sora rotated",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if _, err := Find(Config{Sources: []Source{{Name: "sora", Dir: filepath.Join(dir, "none"), Rules: SoraRules()}}}); err == nil {
		t.Error("a directory that is not there is no error")
	}
}
