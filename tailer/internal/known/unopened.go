package known

import (
	"errors"
	"io/fs"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// An Unopened file is there and cannot be opened, and none of it was ever read: it
// is no generation yet, but people must hear of it.
type Unopened struct {
	size    int64 // 0 if unknown
	fault   string
	reason  string // why it is left alone, if that is as it should be
	ignored bool   // it could be read, but is not to be
}

// maxUnopened is how many files of a family are remembered that cannot be opened.
const maxUnopened = 64

// Refused notes that fl cannot be opened. What has just gone away, or waits for
// a free descriptor, is no fault.
func (x *Index) Refused(f *Family, fl *Found, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, file.ErrNotRegular) || NoRoom(err) || len(f.Unopened) >= maxUnopened {
		return
	}
	s := Unopened{fault: err.Error()}
	var ignored *rules.IgnoredError
	s.ignored = errors.As(err, &ignored)
	if fl.Class.Packed == file.Unpacked {
		s.size = fl.Stat.Size
	}
	if f.Unopened == nil {
		f.Unopened = map[string]Unopened{}
	}
	f.Unopened[fl.Path] = s
}

// Report puts what a scan found unopened in place of what the one before did.
func (x *Index) Report(f *Family, before map[string]Unopened) {
	for path, s := range f.Unopened {
		if _, known := before[path]; !known && s.fault != "" {
			x.Log.Warn("file cannot be read", "path", path, "error", s.fault)
		}
	}
	for _, s := range f.Unknown {
		if s.Reason != "" && len(f.Unopened) < maxUnopened {
			if f.Unopened == nil {
				f.Unopened = map[string]Unopened{}
			}
			f.Unopened[s.path] = Unopened{reason: s.Reason, ignored: true}
		}
	}
	now := f.Unopened
	x.Do(func() { f.shown = now })
}

// unopenedStatus is the ledger's lines about files that cannot be opened. The
// caller holds x.mu.
func (f *Family) unopenedStatus(list []FileStatus) []FileStatus {
	for path, s := range f.shown {
		state := FileStatus{
			Source: f.Src.Name, Log: f.Log, Path: path, State: Unreadable,
			Size: s.size, Lag: s.size, Error: s.fault,
		}
		if s.ignored {
			state.State, state.Lag, state.Reason = Ignored, 0, s.reason
		}
		list = append(list, state)
	}
	return list
}
