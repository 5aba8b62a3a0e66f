package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/goreleaser/nfpm/v2/files"
)

// A content is one file of the packages.
type content struct {
	path string // where it is put
	from string // where it is now
	kind string // nfpm's type; "" for a plain file
	mode fs.FileMode
}

func (c *content) nfpm(at time.Time) *files.Content {
	return &files.Content{
		Source: c.from, Destination: c.path, Type: c.kind,
		FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: c.mode, MTime: at},
	}
}

// stageFiles puts everything that the packages hold into the folder stage.
func stageFiles(o options, arch, stage string) ([]*content, error) {
	s := &staging{dir: stage}
	s.file("usr/bin/rtcship", 0o755, func() ([]byte, error) { return buildBinary(o, arch) })
	plain := map[string]string{ // from the root of the repository
		"lib/systemd/system/rtcship.service":            "packages/files/rtcship.service",
		"usr/share/doc/rtcship/copyright":               "packages/files/copyright",
		"usr/share/doc/rtcship/examples/sora.logrotate": "docs/logrotate/sora.conf",
		"usr/share/lintian/overrides/rtcship":           "packages/files/lintian-overrides",
	}
	for to, from := range plain {
		s.file(to, 0o644, func() ([]byte, error) { return os.ReadFile(filepath.Join(o.root, from)) })
	}
	for to, from := range map[string]string{
		"usr/share/doc/rtcship/CHANGELOG.md.gz": "CHANGELOG.md",
		"usr/share/doc/rtcship/THIRD_PARTY.gz":  "THIRD_PARTY",
	} {
		s.file(to, 0o644, func() ([]byte, error) { return compressedFile(filepath.Join(o.root, from)) })
	}
	s.file("usr/share/doc/rtcship/changelog.gz", 0o644, func() ([]byte, error) { return compressed(debianChangelog(o)) })
	s.config("etc/rtcship/rtcship.yaml", filepath.Join(o.root, "packages/files/rtcship.yaml"))
	s.config("etc/default/rtcship", filepath.Join(o.root, "packages/files/default"))
	s.manPages(filepath.Join(o.root, "dist", "man"))
	s.completions(o)
	return s.contents, s.err
}

// A staging collects files, and the first fault.
type staging struct {
	dir      string
	contents []*content
	err      error
}

func (s *staging) file(path string, mode fs.FileMode, text func() ([]byte, error)) {
	if s.err != nil {
		return
	}
	data, err := text()
	if err != nil {
		s.err = fmt.Errorf("/%s: %w", path, err)
		return
	}
	from := filepath.Join(s.dir, fmt.Sprint(len(s.contents)))
	if s.err = os.WriteFile(from, data, 0o644); s.err == nil {
		s.contents = append(s.contents, &content{path: "/" + path, from: from, mode: mode})
	}
}

// config adds a file that an upgrade leaves as its owner made it. That nobody but
// the service reads what is in /etc/rtcship is for postinst to see to.
func (s *staging) config(path, from string) {
	s.contents = append(s.contents, &content{path: "/" + path, from: from, kind: files.TypeConfigNoReplace, mode: 0o644})
}

func (s *staging) manPages(dir string) {
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err == nil && len(pages) == 0 {
		err = fmt.Errorf("no man pages in %s: run `make man`", dir)
	}
	if err != nil && s.err == nil {
		s.err = err
	}
	for _, page := range pages {
		s.file("usr/share/man/man1/"+filepath.Base(page)+".gz", 0o644, func() ([]byte, error) { return compressedFile(page) })
	}
}

// completions asks the program for them, built for this machine.
func (s *staging) completions(o options) {
	if s.err != nil {
		return
	}
	program, err := buildBinary(o, runtime.GOARCH)
	if err != nil {
		s.err = err
		return
	}
	path := filepath.Join(s.dir, "rtcship")
	if s.err = os.WriteFile(path, program, 0o755); s.err != nil {
		return
	}
	for shell, to := range map[string]string{
		"bash": "usr/share/bash-completion/completions/rtcship",
		"zsh":  "usr/share/zsh/vendor-completions/_rtcship",
		"fish": "usr/share/fish/vendor_completions.d/rtcship.fish",
	} {
		s.file(to, 0o644, func() ([]byte, error) { return exec.Command(path, "completion", shell).Output() })
	}
}

// buildBinary compiles a static rtcship, once for each architecture. Time zones
// are in it, since sora.timezone may be any of them.
func buildBinary(o options, arch string) ([]byte, error) {
	if built := o.built[arch]; built != nil {
		return built, nil
	}
	dir, err := os.MkdirTemp("", "rtcship-package")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "rtcship")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "timetzdata",
		"-ldflags", "-s -w -X main.version="+o.version, "-o", out, "./cmd/rtcship")
	cmd.Dir = o.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, text)
	}
	binary, err := os.ReadFile(out)
	if err == nil {
		o.built[arch] = binary
	}
	return binary, err
}

// debianChangelog is what Debian's tools read of a version; people read CHANGELOG.md.
func debianChangelog(o options) []byte {
	return fmt.Appendf(nil, "rtcship (%s) unstable; urgency=medium\n\n  * See /usr/share/doc/rtcship/CHANGELOG.md.gz.\n\n -- %s  %s\n",
		packageVersion(o.version), maintainer, time.Unix(o.date, 0).UTC().Format(time.RFC1123Z))
}

func compressedFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return compressed(text)
}

// compressed is text gzipped without a name and a time, which would make each build another one.
func compressed(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
