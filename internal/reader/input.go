package reader

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/bundle"
)

// An Input is one file to read, or one in an archive.
type Input struct {
	Path     string // for people; a file in an archive is archive.zip!name
	Source   string // "sora" or "pexip"
	Modified time.Time
	Size     int64 // as it is stored

	form form
	open func() (io.ReadCloser, error)
}

// A form is how an input's bytes are cut into entries.
type form int

const (
	lines  form = iota // as the file's name says, or line by line
	octets             // syslog frames with octet counts
	spool              // a segment of our own spool
)

// Inputs are the files that paths stand for: files as they are; of directories,
// all logs in and below them; of archives as `bundle` makes them, all logs
// within. Close gives back what archives took.
type Inputs struct {
	List   []Input
	closes []io.Closer
	infos  []fs.FileInfo // of files in directories, for links to them
}

// Close closes the archives.
func (in *Inputs) Close() {
	for _, c := range in.closes {
		c.Close()
	}
}

// Find finds the inputs that paths stand for. source says whose logs they are,
// "" to find out from what is in them.
func Find(paths []string, source string) (*Inputs, error) {
	in := &Inputs{}
	for _, p := range paths {
		if err := in.add(p, source); err != nil {
			in.Close()
			return nil, err
		}
	}
	if len(in.List) == 0 {
		return nil, fmt.Errorf("no logs in %s", strings.Join(paths, ", "))
	}
	return in, nil
}

func (in *Inputs) add(p, source string) error {
	info, err := os.Stat(p)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return in.file(p, source, info, true)
	}
	root := p + string(filepath.Separator) // it may be a link
	var links []string
	err = filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && at == root:
			return err
		case err != nil || !logName(d.Name()):
			return nil //nolint:nilerr // what cannot be read, a picture: the rest is read all the same
		case d.Type()&fs.ModeSymlink != 0:
			links = append(links, at)
			return nil
		}
		return in.found(at, source, nil)
	})
	for _, at := range links {
		err = errors.Join(err, in.found(at, source, in.infos))
	}
	return err
}

// found adds a file of a directory, unless it is one of others.
func (in *Inputs) found(at, source string, others []fs.FileInfo) error {
	info, err := os.Stat(at)
	if err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(others, func(o fs.FileInfo) bool { return os.SameFile(o, info) }) {
		return nil //nolint:nilerr // gone meanwhile, a link that leads nowhere, a socket
	}
	in.infos = append(in.infos, info)
	return in.file(at, source, info, false)
}

// logName says whether a name in a directory is that of a log, whatever rotated
// or packed it.
func logName(name string) bool {
	if name == bundle.ManifestName || strings.HasPrefix(name, ".") {
		return false
	}
	for _, part := range []string{".log", ".jsonl", ".dump", ".spool", ".zip", ".txt"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// file adds a file; one that was named is taken for a log whatever is in it.
func (in *Inputs) file(p, source string, info fs.FileInfo, named bool) error {
	if strings.HasSuffix(p, ".zip") {
		return in.archive(p, source)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", p)
	}
	i := Input{Path: p, Source: source, Modified: info.ModTime(), Size: info.Size()}
	i.open = func() (io.ReadCloser, error) { return os.Open(p) }
	in.take(&i, named)
	return nil
}

func (in *Inputs) archive(p, source string) error {
	z, err := zip.OpenReader(p)
	if err != nil {
		return fmt.Errorf("open archive %s: %w", p, err)
	}
	in.closes = append(in.closes, z)
	for _, f := range z.File {
		if f.FileInfo().IsDir() || !logName(path.Base(f.Name)) || strings.HasSuffix(f.Name, ".zip") {
			continue
		}
		i := Input{Path: p + "!" + f.Name, Source: source, Modified: f.Modified, Size: int64(f.CompressedSize64), open: f.Open}
		in.take(&i, false)
	}
	return nil
}

// take adds an input if it is a log.
func (in *Inputs) take(i *Input, named bool) {
	if i.recognise() || named {
		if i.Source == "" {
			i.Source = "sora"
		}
		in.List = append(in.List, *i)
	}
}

// recognise finds out whose log an input is, and its form.
func (i *Input) recognise() bool {
	if strings.HasSuffix(i.Path, ".spool") {
		i.Source, i.form = "pexip", spool
		return true
	}
	if i.Source == "" && knownSora(i.Path) {
		i.Source = "sora"
		return true
	}
	head, err := i.head()
	if err != nil {
		return true // reading it will say why
	}
	if bytes.IndexByte(head, 0) >= 0 && !bytes.HasPrefix(head, []byte("{")) {
		return false
	}
	pexip := bytes.Contains(head, []byte(` Level="`)) || bytes.Contains(head, []byte(`Message="`)) || bytes.HasPrefix(head, []byte("<"))
	if countedFrame(head) {
		i.form, pexip = octets, true
	}
	if i.Source == "" {
		i.Source = "sora"
		if pexip {
			i.Source = "pexip"
		}
	}
	return true
}

// head is the beginning of an input, unpacked.
func (i *Input) head() ([]byte, error) {
	f, err := i.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := unpacked(f, i.Path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, 2048)
	n, err := io.ReadFull(r, head)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return head[:n], nil
}

// Since leaves out what was last written before t.
func (in *Inputs) Since(t time.Time) {
	if t.IsZero() {
		return
	}
	in.List = slices.DeleteFunc(in.List, func(i Input) bool { return !i.Modified.IsZero() && i.Modified.Before(t) })
}

// Bytes is the size of all inputs together, as stored.
func (in *Inputs) Bytes() (n int64) {
	for i := range in.List {
		n += in.List[i].Size
	}
	return n
}

// packed says whether an input is compressed, or in an archive.
func (i *Input) packed() bool {
	return strings.HasSuffix(i.Path, ".gz") || strings.HasSuffix(i.Path, ".zst") || strings.Contains(i.Path, "!")
}

// soleName says whether a file's name is that of a live log, not of a rotated one.
func soleName(path string) bool {
	switch filepath.Ext(path) {
	case ".log", ".jsonl":
		return !strings.Contains(path, "connection_created_wait_timeout_error")
	}
	return false
}

// limit ends an input at a size.
func (i *Input) limit(n int64) {
	open := i.open
	i.open = func() (io.ReadCloser, error) {
		f, err := open()
		if err != nil {
			return nil, err
		}
		return limited{io.LimitReader(f, n), f}, nil
	}
}

type limited struct {
	io.Reader
	io.Closer
}
