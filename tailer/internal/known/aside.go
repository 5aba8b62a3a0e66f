package known

import (
	"path/filepath"
	"strings"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// sealed are the extensions of files that are compressed in a way that cannot be
// read.
var sealed = []string{".xz", ".bz2", ".lz4", ".lzma", ".br", ".zip", ".7z", ".Z", ".lzo"}

// IsSealed says whether a file is compressed in a way that cannot be read, by its name.
func IsSealed(base string) bool {
	for _, ext := range sealed {
		if strings.HasSuffix(base, ext) {
			return true
		}
	}
	return false
}

// asides are the files of names in dir that are not followed and begin as a log's
// does of which something is missing, or are where a generation was found.
func (s *Followed) asides(dir string, names []rules.Named) (files []*rules.File) {
	if s.Format != nil {
		return nil
	}
	var missing []*Family
	known := map[string]*Family{}
	for _, f := range s.Families {
		for _, g := range f.Gens {
			if filepath.Dir(g.Path) == dir && g.Missing.IsZero() {
				known[g.Path] = f
			}
		}
		if filepath.Dir(f.Path) == dir && !f.Shared() && !f.Rule.Small && f.Misses() {
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 && len(known) == 0 {
		return nil
	}
	for _, n := range names {
		if n.Followed || s.Set.Excluded(n.Path) {
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
		fl := s.Set.Look(n.Path, rules.Class{Rule: f.Rule, Family: f.Path, Packed: packed, Aside: true})
		if fl != nil {
			files = append(files, fl)
		}
	}
	return files
}

// likeliest is the log with the longest stem that a name begins with, nil if there
// is none. What cannot be read has to have something after the stem that sets the
// rest apart: it is shown, and nothing but its name says whose it may be.
func likeliest(logs []*Family, base string) (best *Family) {
	longest := -1
	for _, f := range logs {
		stem := stemOf(f.Path)
		rest, ok := strings.CutPrefix(base, stem)
		if !ok || len(stem) <= longest || IsSealed(base) && !strings.ContainsAny(rest[:min(1, len(rest))], ".-_") {
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

// Seal shows a file that may hold what is missing of its log and cannot be read.
func (x *Index) Seal(fl *Found) {
	for _, g := range fl.Fam.Gens {
		if g.Missing.IsZero() || fl.Stat.Mtime < g.Written {
			continue
		}
		if v := g.View(); v.Src != nil || fl.Stat.Mtime == g.Written && v.Settled.At >= v.Size {
			continue
		}
		x.Refused(fl.Fam, fl, &rules.IgnoredError{Why: "may hold what was not read of " + filepath.Base(fl.Fam.Path) +
			", and is compressed in a way that rtcship does not know: unpack it there, or name it in sora.exclude"})
		return
	}
}
