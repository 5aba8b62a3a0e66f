// Command packages builds rtcship's .deb and .rpm: the static binary, a
// hardened systemd unit that runs as a user of its own, a configuration with
// comments, man pages, completions, and logrotate's configuration for Sora.
// Twice from the same tree it makes the same bytes.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the format
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers the format
)

type options struct {
	root, version, formats, arches, out string
	date                                int64

	built map[string][]byte // programs, by architecture
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.root, "root", "..", "root of the repository")
	flag.StringVar(&o.version, "version", "0.0.0", "version of the program and the packages, as `git describe` has it")
	flag.StringVar(&o.formats, "formats", "deb,rpm", "formats, with commas")
	flag.StringVar(&o.arches, "arches", "amd64,arm64", "architectures, with commas")
	flag.StringVar(&o.out, "out", "../dist", "folder to write to")
	flag.Int64Var(&o.date, "date", 0, "time of all files, in seconds since 1970, such as that of the commit")
	flag.Parse()
	o.built = map[string][]byte{}
	if err := run(o); err != nil {
		log.Fatal("packages: ", err)
	}
}

func run(o options) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	for arch := range strings.SplitSeq(o.arches, ",") {
		if err := buildArch(o, arch); err != nil {
			return fmt.Errorf("%s: %w", arch, err)
		}
	}
	return nil
}

// buildArch compiles once and packs the same files in every format.
func buildArch(o options, arch string) error {
	stage, err := os.MkdirTemp("", "rtcship-packages")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	contents, err := stageFiles(o, arch, stage)
	if err != nil {
		return err
	}
	for format := range strings.SplitSeq(o.formats, ",") {
		packager, err := nfpm.Get(format)
		if err != nil {
			return err
		}
		info := packageInfo(o, arch, format, contents)
		if err := nfpm.PrepareForPackager(info, format); err != nil {
			return fmt.Errorf("prepare %s: %w", format, err)
		}
		path := filepath.Join(o.out, packager.ConventionalFileName(info))
		if err := writePackage(path, packager, info); err != nil {
			return fmt.Errorf("write %s: %w", format, err)
		}
		log.Print(path)
	}
	return nil
}

func writePackage(path string, packager nfpm.Packager, info *nfpm.Info) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := packager.Package(info, f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// maintainer is who packages say to ask.
const maintainer = "The rtcship authors <rtcship@users.noreply.github.com>"

func packageInfo(o options, arch, format string, contents []*content) *nfpm.Info {
	info := &nfpm.Info{
		Name: "rtcship", Arch: arch, Platform: "linux",
		Version:    packageVersion(o.version),
		Section:    "net",
		Priority:   "optional",
		Maintainer: maintainer,
		Vendor:     "rtcship",
		Homepage:   "https://github.com/rtcship/rtcship",
		MTime:      time.Unix(o.date, 0).UTC(),
		Description: "log shipper for Sora and Pexip Infinity to OpenTelemetry\n" +
			"It follows the log directory of WebRTC SFU Sora through every kind of\n" +
			"rotation, receives the syslog of Pexip Infinity, and delivers both as OTLP\n" +
			"log records to an OpenTelemetry Collector. A position moves only after the\n" +
			"collector has acknowledged what lies before it.",
	}
	for _, c := range contents {
		info.Contents = append(info.Contents, c.nfpm(info.MTime))
	}
	script := func(name string) string { return filepath.Join(o.root, "packages", "files", name) }
	info.Scripts = nfpm.Scripts{PreInstall: script("preinst"), PostInstall: script("postinst"), PreRemove: script("prerm"), PostRemove: script("postrm")}
	if format == "rpm" { // in Debian's packages the file "copyright" says it
		info.License = "Apache-2.0"
		info.RPM.BuildHost = "localhost" // whichever machine it is, the same bytes
	}
	// useradd and groupadd, where a minimal system has none.
	info.Deb.Predepends = []string{"passwd"}
	info.Recommends = []string{"ca-certificates"}
	return info
}

// packageVersion makes of what git describes a version that a later commit, and
// a release, follow in the order of packages: v0.3.0-5-gabcdef → 0.3.0+5.gabcdef.
func packageVersion(described string) string {
	v := strings.TrimPrefix(strings.TrimSuffix(described, "-dirty"), "v")
	if v == "" || v[0] < '0' || v[0] > '9' || !strings.Contains(v, ".") { // no tag yet: a commit alone
		return "0.0.0+" + v
	}
	base, commits, ok := strings.Cut(v, "-")
	if !ok {
		return v
	}
	if n, commit, ok := strings.Cut(commits, "-g"); ok {
		return base + "+" + n + ".g" + commit
	}
	return v
}
