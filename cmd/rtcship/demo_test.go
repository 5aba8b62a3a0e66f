package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// A demo that ships elsewhere counts what was acknowledged there.
func TestDemoEndpoint(t *testing.T) {
	t.Parallel()
	server, err := exportertest.Start(exportertest.Config{MaxMessage: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for _, protocol := range []string{exportertest.GRPC, exportertest.HTTP} {
		cmd := newDemoCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetArgs([]string{"--duration", "500ms", "--endpoint", server.Endpoint(protocol), "--protocol", protocol})
		if err := cmd.Execute(); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		if s := out.String(); !strings.Contains(s, "lost 0") || strings.Contains(s, "delivered 0 ") || strings.Contains(s, "written 0 ") {
			t.Errorf("%s: it says\n%s", protocol, s)
		}
	}
}

func TestDemoRefuses(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--duration", "-1s"}, {"--protocol", "smoke", "--endpoint", "http://127.0.0.1:1"}} {
		cmd := newDemoCommand()
		cmd.SetArgs(args)
		cmd.SetOut(&bytes.Buffer{})
		cmd.SetErr(&bytes.Buffer{})
		if err := cmd.Execute(); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
