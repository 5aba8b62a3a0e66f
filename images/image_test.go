package main

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// TestImage builds the image of this machine's platform twice and looks at what is in it.
func TestImage(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: building the program takes a while")
	}
	dir := t.TempDir()
	certificates := filepath.Join(dir, "ca.crt")
	if err := os.WriteFile(certificates, []byte("certificates\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var archives [2]string
	for i := range archives {
		out := filepath.Join(dir, "image.tar")
		err := run(options{root: "..", version: "1.2.3", reference: "registry.example/rtcship:1.2.3", platforms: "linux/amd64",
			certificates: certificates, out: out})
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		archives[i] = string(content)
	}
	if archives[0] != archives[1] {
		t.Error("two builds of one tree differ")
	}
	unpacked := filepath.Join(dir, "layout")
	unpack(t, archives[0], unpacked)
	inspect(t, unpacked)
}

func inspect(t *testing.T, dir string) {
	t.Helper()
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	top, err := outer.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if got := top.Manifests[0].Annotations["io.containerd.image.name"]; got != "registry.example/rtcship:1.2.3" {
		t.Errorf("name: %q", got)
	}
	index, err := outer.ImageIndex(top.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/rtcship" || config.Config.Labels["org.opencontainers.image.version"] != "1.2.3" {
		t.Errorf("config: %+v", config.Config)
	}
	files := map[string]int64{}
	var total int64
	r := tar.NewReader(mutate.Extract(image))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimPrefix(h.Name, "/")] = h.Size
		total += h.Size
		if h.Name == "rtcship" && h.Mode&0o111 == 0 {
			t.Error("rtcship cannot be run")
		}
	}
	for _, name := range []string{"rtcship", "etc/ssl/certs/ca-certificates.crt", "etc/passwd", "licenses/LICENSE"} {
		if files[name] == 0 {
			t.Errorf("%s is missing or empty", name)
		}
	}
	if total > 25<<20 {
		t.Errorf("%d MiB unpacked, over 25", total>>20)
	}
	t.Logf("%.1f MiB unpacked", float64(total)/(1<<20))
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	r := tar.NewReader(strings.NewReader(archive))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			var content []byte
			if content, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, content, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
