package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rtcship": func() {
		spanWait, _ = time.ParseDuration(os.Getenv("TEST_SPAN_WAIT"))
		os.Exit(run())
	}})
}

// TestScripts runs the whole program as its users do.
func TestScripts(t *testing.T) {
	samples, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("To accept what is printed now: go test ./cmd/rtcship -run TestScripts -update")
		}
	})
	testscript.Run(t, testscript.Params{Dir: "testdata", UpdateScripts: *update, Setup: func(e *testscript.Env) error {
		e.Setenv("SAMPLES", samples) // the logs of a whole day
		return nil
	}})
}
