package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is a number, since a kubelet cannot tell of a name whether it is root.
const user = "65532"

type file struct {
	name    string
	content []byte
	mode    int64
}

// buildImage returns the image of one platform and the size of its files.
func buildImage(o options, platform string) (v1.Image, int, error) {
	system, arch, ok := strings.Cut(platform, "/")
	if !ok {
		return nil, 0, fmt.Errorf("want a platform such as linux/amd64")
	}
	binary, err := buildBinary(o, system, arch)
	if err != nil {
		return nil, 0, err
	}
	certificates, err := os.ReadFile(o.certificates)
	if err != nil {
		return nil, 0, fmt.Errorf("read CA certificates (Debian: package ca-certificates): %w", err)
	}
	license, err := os.ReadFile(filepath.Join(o.root, "LICENSE"))
	if err != nil {
		return nil, 0, err
	}
	// What changes seldom comes first, so that a registry keeps it.
	base := []file{
		{"etc/passwd", []byte("root:x:0:0:root:/:/sbin/nologin\nrtcship:x:" + user + ":" + user + ":rtcship:/:/sbin/nologin\n"), 0o644},
		{"etc/group", []byte("root:x:0:\nrtcship:x:" + user + ":\n"), 0o644},
		{"etc/ssl/certs/ca-certificates.crt", certificates, 0o644},
		{"licenses/LICENSE", license, 0o644},
	}
	program := []file{{"rtcship", binary, 0o755}}
	size := 0
	image := mutate.MediaType(v1.Image(empty.Image), types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	for _, files := range [][]file{base, program} {
		layer, err := newLayer(files)
		if err != nil {
			return nil, 0, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, 0, fmt.Errorf("append layer: %w", err)
		}
		for _, f := range files {
			size += len(f.content)
		}
	}
	image, err = configure(o, image, system, arch)
	return image, size, err
}

func configure(o options, image v1.Image, system, arch string) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = system, arch
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config = v1.Config{
		User:       user + ":" + user,
		Entrypoint: []string{"/rtcship"},
		Cmd:        []string{"run"},
		WorkingDir: "/",
		Env:        []string{"SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		Labels:     labels(o),
	}
	return mutate.ConfigFile(image, config)
}

func labels(o options) map[string]string {
	l := map[string]string{
		"org.opencontainers.image.title":         "rtcship",
		"org.opencontainers.image.description":   "Ships the logs of WebRTC SFU Sora and Pexip Infinity to OpenTelemetry",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.source":        "https://github.com/rtcship/rtcship",
		"org.opencontainers.image.url":           "https://github.com/rtcship/rtcship",
		"org.opencontainers.image.documentation": "https://github.com/rtcship/rtcship/blob/main/docs/kubernetes.md",
		"org.opencontainers.image.version":       o.version,
	}
	if o.revision != "" {
		l["org.opencontainers.image.revision"] = o.revision
	}
	return l
}

// buildBinary compiles a static rtcship. Time zones are in it, since
// sora.timezone may be any of them.
func buildBinary(o options, system, arch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "rtcship-image")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "rtcship")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "timetzdata",
		"-ldflags", "-s -w -X main.version="+o.version, "-o", out, "./cmd/rtcship")
	cmd.Dir = o.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

// newLayer packs files, and the directories that they are in, with one time and one owner.
func newLayer(files []file) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	made := map[string]bool{".": true}
	for _, f := range files {
		if err := addDirectories(w, filepath.Dir(f.name), made); err != nil {
			return nil, err
		}
		if err := addFile(w, f); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}

func addDirectories(w *tar.Writer, dir string, made map[string]bool) error {
	if made[dir] {
		return nil
	}
	if err := addDirectories(w, filepath.Dir(dir), made); err != nil {
		return err
	}
	made[dir] = true
	return w.WriteHeader(&tar.Header{Name: dir + "/", Typeflag: tar.TypeDir, Mode: 0o755, ModTime: time.Unix(0, 0)})
}

func addFile(w *tar.Writer, f file) error {
	h := &tar.Header{Name: f.name, Typeflag: tar.TypeReg, Mode: f.mode, Size: int64(len(f.content)), ModTime: time.Unix(0, 0)}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err := w.Write(f.content)
	return err
}
