package rules

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// sealed are the extensions of files that are compressed in a way that cannot be
// read.
var sealed = []string{".xz", ".bz2", ".lz4", ".lzma", ".br", ".zip", ".7z", ".Z", ".lzo"}

// IsSealed says whether a file is compressed in a way that cannot be read, by its name.
func IsSealed(base string) bool {
	return slices.ContainsFunc(sealed, func(ext string) bool { return strings.HasSuffix(base, ext) })
}

// Asides are the files of names that are not followed by those and may be a log's all
// the same: they lie where one of it was found before, or begin as a log's name does of
// which something is missing.
func (s *Set) Asides(names []Named, before map[string]Class, missing []Class) (files []*File) {
	if len(before) == 0 && len(missing) == 0 {
		return nil
	}
	for _, n := range names {
		if n.Followed || s.Excluded(n.Path) {
			continue
		}
		c, ok := before[n.Path]
		if !ok {
			c, ok = likeliest(missing, filepath.Base(n.Path))
		}
		if !ok {
			continue
		}
		_, c.Packed = file.UnpackedName(n.Path)
		c.Aside = true
		if fl := s.Look(n.Path, c); fl != nil {
			files = append(files, fl)
		}
	}
	return files
}

// likeliest is the log with the longest stem that a name begins with, false if there
// is none. What cannot be read has to have something after the stem that sets the
// rest apart: it is shown, and nothing but its name says whose it may be.
func likeliest(logs []Class, base string) (best Class, ok bool) {
	longest := -1
	for _, c := range logs {
		stem := stemOf(c.Family)
		rest, is := strings.CutPrefix(base, stem)
		if !is || len(stem) <= longest || IsSealed(base) && !strings.ContainsAny(rest[:min(1, len(rest))], ".-_") {
			continue
		}
		longest, best, ok = len(stem), c, true
	}
	return best, ok
}

// stemOf is the name of a log without its extension.
func stemOf(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
