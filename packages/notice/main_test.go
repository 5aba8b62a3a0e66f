package main

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// TestCurrent holds THIRD_PARTY to what the program is linked with now.
func TestCurrent(t *testing.T) {
	want, err := notice("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../THIRD_PARTY")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("THIRD_PARTY is not what the program is linked with: run `make notice`")
	}
	if bytes.Count(got, []byte("\n")) < 100 || !bytes.Contains(got, []byte("google.golang.org/grpc v")) {
		t.Error("THIRD_PARTY does not name gRPC, which delivers every record")
	}
}

// TestLicences refuses what the project must not be linked with.
func TestLicences(t *testing.T) {
	text, err := notice("../..")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?i)GNU (AFFERO )?GENERAL PUBLIC LICENSE`).Find(text); m != nil {
		t.Errorf("a module is under the %s", m)
	}
}
