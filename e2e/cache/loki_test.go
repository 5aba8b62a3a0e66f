package cache

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoki(t *testing.T) {
	program := func(says string) string {
		path := filepath.Join(t.TempDir(), "loki")
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct{ name, loki, want string }{
		{"none given", "", "make e2e-loki LOKI="},
		{"not there", "/nonexistent/loki", "no such file"},
		{"another program", program("prometheus, version 3.1.0 (branch: HEAD)"), "is not Loki 3"},
		{"too old", program("loki, version 2.9.4 (branch: HEAD)"), "is not Loki 3"},
		{"release 3", program("loki, version 3.7.8 (branch: HEAD)"), ""},
		{"built from source", program("loki, version v3.7.8"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("LOKI", tt.loki)
			path, err := Loki()
			switch {
			case tt.want == "" && (err != nil || path != tt.loki):
				t.Errorf("Loki() = %q, %v", path, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Loki() = %q, %v, want an error with %q", path, err, tt.want)
			}
		})
	}
}
