package main

import (
	"bytes"
	"io"
	"log"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc/grpclog"
)

// What gRPC says of a peer goes where package log writes, and never to standard error.
func TestLibrariesAreHushed(t *testing.T) {
	before := log.Writer()
	defer log.SetOutput(before)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = w
	hushLibraries()
	grpclog.Error("a peer said this before there was a log")
	var out bytes.Buffer
	log.SetOutput(&out)
	grpclog.Error("a peer said this")
	grpclog.Warning("and this")
	os.Stderr = stderr
	w.Close()
	if written, _ := io.ReadAll(r); len(written) > 0 {
		t.Errorf("on standard error: %s", written)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), "a peer said this") {
		t.Errorf("in the log: %q", out.String())
	}
}
