package tailer

import (
	"path/filepath"
	"strings"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A log may have been rotated to a name that is not followed while nobody looked.
// What was not read of it lies there all the same: files whose names begin as the
// log's does are looked at while something of it is missing.

// sealed are the extensions of files that are compressed in a way that cannot be
// read.
var sealed = []string{".xz", ".bz2", ".lz4", ".lzma", ".br", ".zip", ".7z", ".Z", ".lzo"}

func isSealed(base string) bool {
	for _, ext := range sealed {
		if strings.HasSuffix(base, ext) {
			return true
		}
	}
	return false
}

// asides are the files of names in dir that are not followed and begin as a log's
// does of which something is missing, or are where a generation was found.
func (s *source) asides(dir string, names []rules.Named) (files []*rules.File) {
	if s.Format != nil {
		return nil
	}
	var missing []*family
	known := map[string]*family{}
	for _, f := range s.families {
		for _, g := range f.gens {
			if filepath.Dir(g.path) == dir && g.missing.IsZero() {
				known[g.path] = f
			}
		}
		if filepath.Dir(f.path) == dir && !f.shared() && !f.rule.Small && f.misses() {
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 && len(known) == 0 {
		return nil
	}
	for _, n := range names {
		if n.Followed || s.set.Excluded(n.Path) {
			continue
		}
		f := known[n.Path]
		if f == nil {
			f = likeliest(missing, filepath.Base(n.Path))
		}
		if f == nil {
			continue
		}
		_, packed := file.UnpackedName(n.Path)
		fl := s.set.Look(n.Path, rules.Class{Rule: f.rule, Family: f.path, Packed: packed, Aside: true})
		if fl != nil {
			files = append(files, fl)
		}
	}
	return files
}

// likeliest is the log with the longest stem that a name begins with, nil if there
// is none. What cannot be read has to have something after the stem that sets the
// rest apart: it is shown, and nothing but its name says whose it may be.
func likeliest(logs []*family, base string) (best *family) {
	longest := -1
	for _, f := range logs {
		stem := stemOf(f.path)
		rest, ok := strings.CutPrefix(base, stem)
		if !ok || len(stem) <= longest || isSealed(base) && !strings.ContainsAny(rest[:min(1, len(rest))], ".-_") {
			continue
		}
		longest, best = len(stem), f
	}
	return best
}

// stemOf is the name of a log without its extension.
func stemOf(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// seal shows a file that may hold what is missing of its log and cannot be read.
func (x *index) seal(fl *foundFile) {
	for _, g := range fl.fam.gens {
		if g.missing.IsZero() || fl.Stat.Mtime < g.written {
			continue
		}
		if v := g.View(); v.Src != nil || fl.Stat.Mtime == g.written && v.Settled.At >= v.Size {
			continue
		}
		x.refused(fl.fam, fl, &rules.IgnoredError{Why: "may hold what was not read of " + filepath.Base(fl.fam.path) +
			", and is compressed in a way that rtcship does not know: unpack it there, or name it in sora.exclude"})
		return
	}
}
