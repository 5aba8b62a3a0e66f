package cache

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
)

// errNoLoki is the answer to a missing LOKI, for somebody who has never heard of it.
var errNoLoki = errors.New("LOKI is not set: give the path of a Loki 3 program, as in `make e2e-loki LOKI=/path/to/loki`; docs/testing.md says where users get one")

var loki3 = regexp.MustCompile(`(?m)^loki, version v?3\.`)

// Loki returns the path of the Grafana Loki that LOKI names, once it has said
// that it is one of release 3. Loki's licence is the AGPL: whoever runs it brings
// it along, and nothing here builds or downloads it.
func Loki() (string, error) {
	path := os.Getenv("LOKI")
	if path == "" {
		return "", errNoLoki
	}
	said, err := exec.Command(path, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("ask LOKI for its version: %w", err)
	}
	if !loki3.Match(said) {
		return "", fmt.Errorf("LOKI=%s is not Loki 3: `%s -version` says %.200q", path, path, said)
	}
	return path, nil
}
