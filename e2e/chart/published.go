// Package chart publishes the chart as a release does: packaged and signed, in
// an OCI registry. The key is made for the test, and the registry runs in the
// test's process on 127.0.0.1.
package chart

import (
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A Published is a registry with the key that its chart is signed with.
type Published struct {
	Registry string // oci://127.0.0.1:…/charts
	Pubring  string // file of the public key
	Version  string // of the chart in this tree
	secring  string
}

// signer is whom the key is made for.
const signer = "rtcship test"

// Start returns an empty registry and a new key.
func Start(t testing.TB) Published {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	p := Published{Registry: "oci://" + strings.TrimPrefix(server.URL, "http://") + "/charts", Version: version(t)}
	p.Pubring, p.secring = NewKey(t)
	return p
}

func version(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "charts", "rtcship", "Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "version: "); ok {
			return strings.TrimSpace(v)
		}
	}
	t.Fatal("Chart.yaml has no version")
	return ""
}

// NewKey makes a key and returns the files of its public and its secret part.
func NewKey(t testing.TB) (pubring, secring string) {
	t.Helper()
	entity, err := openpgp.NewEntity(signer, "", "release@example.org", nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pubring, secring = filepath.Join(dir, "pubring.gpg"), filepath.Join(dir, "secring.gpg")
	// The secret part is first: writing it is what signs the key.
	writeFile(t, secring, func(w io.Writer) error { return entity.SerializePrivate(w, nil) })
	writeFile(t, pubring, entity.Serialize)
	return pubring, secring
}

func writeFile(t testing.TB, path string, write func(io.Writer) error) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := write(f); err != nil {
		t.Fatal(err)
	}
}

// Release runs the script that releases the chart, with the given Helm.
func (p Published) Release(helm string) (said string, err error) {
	cmd := exec.Command(filepath.Join(harness.Root(), "charts", "release.sh"))
	cmd.Env = append(os.Environ(), "HELM="+helm, "REGISTRY="+p.Registry, "HELM_FLAGS=--plain-http",
		"KEY="+signer, "KEYRING="+p.secring, "PUBRING="+p.Pubring)
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("release.sh with %s: %w\n%s", helm, err, out)
	}
	return string(out), err
}
