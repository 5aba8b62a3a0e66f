// Package bundle packs a log directory into one archive for a vendor's
// support. It reads the directory and writes nothing there.
package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/internal/smallfile"
)

// Config says what is packed and how.
type Config struct {
	Dir      string           // the log directory; all regular files below it are packed
	Version  string           // of the program, for the manifest
	Redactor *redact.Redactor // masks secrets; nil packs files as they are
	Progress func(bytes int)  // is told of what was read; may be nil
	Now      time.Time        // for the manifest
}

// ManifestName is the name of the manifest in the archive. It is its last file.
const ManifestName = "rtcship-manifest.json"

// A Manifest says what is in an archive and what is not.
type Manifest struct {
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Dir     string    `json:"dir"`
	Masked  bool      `json:"masked"`
	Files   []File    `json:"files"`
}

// A File is a file of the directory.
type File struct {
	Path     string    `json:"path"` // relative to the directory
	Size     int64     `json:"size"` // as packed
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256,omitempty"` // as packed
	Secrets  int       `json:"secrets_masked,omitempty"`
	Error    string    `json:"error,omitempty"` // why it, or the rest of it, is not in the archive
}

// List returns the paths of the files that would be packed, relative to dir,
// and their size all together.
func List(dir string) (paths []string, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil || !d.Type().IsRegular():
			return nil //nolint:nilerr // a subdirectory that cannot be read, a socket, a link: the rest is packed all the same
		}
		if info, err := d.Info(); err == nil {
			size += info.Size()
		}
		rel, err := filepath.Rel(dir, path)
		paths = append(paths, rel)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list %s: %w", dir, err)
	}
	return paths, size, nil
}

// Write packs the directory into w as a zip archive. A file that cannot be
// read is noted in the manifest, and the rest is packed all the same.
func Write(ctx context.Context, w io.Writer, cfg Config) (*Manifest, error) {
	paths, _, err := List(cfg.Dir)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Made: cfg.Now, Version: cfg.Version, Dir: cfg.Dir, Masked: cfg.Redactor != nil}
	z := zip.NewWriter(w)
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		f, err := addFile(z, cfg, path)
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, f)
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	out, err := z.Create(ManifestName)
	if err == nil {
		_, err = out.Write(append(text, '\n'))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("write archive: %w", err)
	}
	return m, nil
}

// addFile packs one file. Its error is the archive's; what is wrong with the
// file itself is in File.Error.
func addFile(z *zip.Writer, cfg Config, path string) (File, error) {
	f := File{Path: filepath.ToSlash(path)}
	in, err := smallfile.Open(filepath.Join(cfg.Dir, path), os.O_RDONLY, 0)
	if err != nil {
		f.Error = err.Error()
		return f, nil
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		f.Error = err.Error()
		return f, nil
	}
	f.Modified = info.ModTime().UTC()
	// A log goes on growing while it is read: what is there now is packed.
	r := io.Reader(&counting{io.LimitReader(in, info.Size()), cfg.Progress})
	if cfg.Redactor != nil {
		r, f.Path, err = unpack(r, f.Path)
		if err != nil {
			f.Error = err.Error()
			return f, nil
		}
	}
	out, err := z.CreateHeader(&zip.FileHeader{Name: f.Path, Method: zip.Deflate, Modified: f.Modified})
	if err != nil {
		return f, fmt.Errorf("write archive: %w", err)
	}
	sum := &summing{w: out, hash: sha256.New()}
	if cfg.Redactor == nil {
		_, err = io.Copy(sum, r)
	} else {
		f.Secrets, err = mask(sum, r, redactorOf(cfg.Redactor, f.Path))
	}
	f.Size, f.SHA256 = sum.n, hex.EncodeToString(sum.hash.Sum(nil))
	if sum.err != nil {
		return f, fmt.Errorf("write archive: %w", sum.err)
	}
	if err != nil {
		f.Error = err.Error()
	}
	return f, nil
}

// unpack reads compressed files as text, since nothing can be masked in them as they are.
func unpack(r io.Reader, path string) (io.Reader, string, error) {
	if name, ok := strings.CutSuffix(path, ".gz"); ok {
		z, err := gzip.NewReader(r)
		return z, name, err
	}
	if name, ok := strings.CutSuffix(path, ".zst"); ok {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, name, err
		}
		return z.IOReadCloser(), name, nil
	}
	return r, path, nil
}

// maxPiece bounds the memory that masking takes.
const maxPiece = 1 << 20

// redactorOf masks more in Sora's logs of requests that failed.
func redactorOf(r *redact.Redactor, path string) *redact.Redactor {
	if name, _, _ := strings.Cut(filepath.Base(path), "."); strings.HasSuffix(name, "_error") {
		return r.ForFailures()
	}
	return r
}

// mask copies r to w with its secrets masked. It does so piece by piece and not
// line by line, since a secret may stand in another line than its name; a piece
// ends with a line, unless a secret goes on behind it.
func mask(w io.Writer, r io.Reader, redactor *redact.Redactor) (secrets int, err error) {
	var masked []byte
	for piece, kept := make([]byte, maxPiece), 0; ; {
		n, err := io.ReadFull(r, piece[kept:])
		text := piece[:kept+n]
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err == nil {
			text = text[:pieceEnd(text, redactor)]
		} else if len(text) == 0 {
			return secrets, unlessLast(err, last)
		}
		masked, n = redactor.Append(masked[:0], text)
		secrets += n
		if _, err := w.Write(masked); err != nil {
			return secrets, err
		}
		if err != nil {
			return secrets, unlessLast(err, last)
		}
		kept = copy(piece, piece[len(text):])
	}
}

// pieceEnd is where to cut text: behind a line if there is a whole one in it.
func pieceEnd(text []byte, redactor *redact.Redactor) int {
	end := bytes.LastIndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	if cut := redactor.Cut(text[:end]); cut > 0 {
		return cut
	}
	return end
}

func unlessLast(err error, last bool) error {
	if last {
		return nil
	}
	return err
}

// counting reports what was read.
type counting struct {
	r        io.Reader
	progress func(int)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.progress != nil {
		c.progress(n)
	}
	return n, err
}

// summing hashes what is written, and keeps the writer's error apart from the reader's.
type summing struct {
	w    io.Writer
	hash hash.Hash
	n    int64
	err  error
}

func (s *summing) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.hash.Write(p[:n])
	s.n += int64(n)
	s.err = err
	return n, err
}
