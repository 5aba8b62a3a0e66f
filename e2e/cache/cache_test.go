package cache

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// fake is a recipe that counts how often it is made.
func fake(made *atomic.Int32, fail error) recipe {
	return recipe{
		name: "fake", input: []byte("recipe"), target: "e2e-fake",
		make: func(_ context.Context, dir string, log io.Writer) (string, error) {
			made.Add(1)
			io.WriteString(log, "what the compiler said")
			bin := filepath.Join(dir, "fake")
			return bin, errors.Join(fail, os.WriteFile(bin, []byte("binary"), 0o755))
		},
	}
}

func TestBuiltOnce(t *testing.T) {
	t.Setenv("E2E_CACHE", t.TempDir())
	var made atomic.Int32
	r := fake(&made, nil)
	if _, err := r.find(); err == nil || !strings.Contains(err.Error(), "make e2e-fake") {
		t.Errorf("find before build: %v; want the make target named", err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := r.build(t.Context(), io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
	path, err := r.find()
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "binary" {
		t.Errorf("%q, %v", text, err)
	}
	other := r
	other.input = []byte("another recipe")
	if _, err := other.find(); err == nil {
		t.Error("the binary of one recipe is taken for another's")
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("E2E_CACHE", dir)
	var made atomic.Int32
	r := fake(&made, errors.New("exit status 1"))
	_, err := r.build(t.Context(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "what the compiler said") {
		t.Errorf("error %v; want the end of the log in it", err)
	}
	if _, err := r.find(); err == nil {
		t.Error("something was left that passes for the program")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "fake-build-*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := fake(&made, nil).build(t.Context(), io.Discard); err != nil {
		t.Errorf("the next build: %v", err)
	}
}
