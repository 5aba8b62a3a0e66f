// Command images builds rtcship's container image without Docker: the static
// binary, certificates and a numeric user in an OCI archive, for several
// platforms, the same bytes from the same tree. `docker load`, `podman load`,
// `skopeo copy` and `ctr images import` take it; -push sends it to a registry.
package main

import (
	"archive/tar"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

type options struct {
	root, version, revision, reference, platforms, certificates, out string
	push                                                             bool
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.root, "root", "..", "root of the repository")
	flag.StringVar(&o.version, "version", "devel", "version that the program and the image carry")
	flag.StringVar(&o.revision, "revision", "", "commit that the image is made from")
	flag.StringVar(&o.reference, "ref", "ghcr.io/rtcship/rtcship:devel", "name of the image")
	flag.StringVar(&o.platforms, "platforms", "linux/amd64,linux/arm64", "platforms, with commas")
	flag.StringVar(&o.certificates, "certificates", "/etc/ssl/certs/ca-certificates.crt", "bundle of CA certificates, PEM")
	flag.StringVar(&o.out, "out", "../dist/rtcship-image.tar", "OCI archive to write")
	flag.BoolVar(&o.push, "push", false, "send the image to its registry as well")
	flag.Parse()
	if err := run(o); err != nil {
		log.Fatal("images: ", err)
	}
}

func run(o options) error {
	ref, err := name.ParseReference(o.reference)
	if err != nil {
		return fmt.Errorf("parse -ref: %w", err)
	}
	index := v1.ImageIndex(empty.Index)
	for platform := range strings.SplitSeq(o.platforms, ",") {
		image, size, err := buildImage(o, platform)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		p, err := v1.ParsePlatform(platform)
		if err != nil {
			return fmt.Errorf("parse platform: %w", err)
		}
		log.Printf("%s: %.1f MiB unpacked", platform, float64(size)/(1<<20))
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: p}})
	}
	index = mutate.IndexMediaType(index, types.OCIImageIndex)
	if err := writeArchive(o.out, index, ref); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	log.Printf("%s: %s@%s", o.out, ref.Name(), digest)
	if !o.push {
		return nil
	}
	return remote.WriteIndex(ref, index, remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

// writeArchive packs an OCI layout that holds the index under its name.
func writeArchive(out string, index v1.ImageIndex, ref name.Reference) error {
	dir, err := os.MkdirTemp("", "rtcship-image")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write layout: %w", err)
	}
	names := layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": ref.Identifier(), // what most tools call it
		"io.containerd.image.name":          ref.Name(),
	})
	if err := path.AppendIndex(index, names); err != nil {
		return fmt.Errorf("write layout: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := pack(f, dir); err != nil {
		return fmt.Errorf("pack %s: %w", out, err)
	}
	return f.Close()
}

// pack writes the files below dir in their order and without their times.
func pack(f *os.File, dir string) error {
	w := tar.NewWriter(f)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return w.WriteHeader(&tar.Header{Name: rel + "/", Typeflag: tar.TypeDir, Mode: 0o755})
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return addFile(w, file{rel, content, 0o644})
	})
	if err != nil {
		return err
	}
	return w.Close()
}
