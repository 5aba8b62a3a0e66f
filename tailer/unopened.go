package tailer

import (
	"errors"
	"io/fs"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// maxUnopened is how many files of a family are remembered that cannot be opened.
const maxUnopened = 64

// An unopened file is there and cannot be opened, and none of it was ever read: it
// is no generation yet, but people must hear of it.
type unopened struct {
	size    int64 // 0 if unknown
	fault   string
	reason  string // why it is left alone, if that is as it should be
	ignored bool   // it could be read, but is not to be
}

// refused notes that fl cannot be opened. What has just gone away, or waits for
// a free descriptor, is no fault.
func (x *index) refused(f *family, fl *foundFile, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, file.ErrNotRegular) || noRoom(err) || len(f.unopened) >= maxUnopened {
		return
	}
	s := unopened{fault: err.Error()}
	var ignored *rules.IgnoredError
	s.ignored = errors.As(err, &ignored)
	if fl.Class.Packed == file.Unpacked {
		s.size = fl.Stat.Size
	}
	if f.unopened == nil {
		f.unopened = map[string]unopened{}
	}
	f.unopened[fl.Path] = s
}

// report puts what a scan found unopened in place of what the one before did.
func (x *index) report(f *family, before map[string]unopened) {
	for path, s := range f.unopened {
		if _, known := before[path]; !known && s.fault != "" {
			x.log.Warn("file cannot be read", "path", path, "error", s.fault)
		}
	}
	for _, s := range f.unknown {
		if s.reason != "" && len(f.unopened) < maxUnopened {
			if f.unopened == nil {
				f.unopened = map[string]unopened{}
			}
			f.unopened[s.path] = unopened{reason: s.reason, ignored: true}
		}
	}
	now := f.unopened
	x.lock(func() { f.shown = now })
}

// unopenedStatus is the ledger's lines about files that cannot be opened. The
// caller holds x.mu.
func (f *family) unopenedStatus(list []FileStatus) []FileStatus {
	for path, s := range f.shown {
		state := FileStatus{
			Source: f.src.Name, Log: f.log, Path: path, State: Unreadable,
			Size: s.size, Lag: s.size, Error: s.fault,
		}
		if s.ignored {
			state.State, state.Lag, state.Reason = Ignored, 0, s.reason
		}
		list = append(list, state)
	}
	return list
}
