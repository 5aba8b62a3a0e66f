package reader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rtcship/rtcship/tailer"
	entries "github.com/rtcship/rtcship/tailer/entry"
	spoolfile "github.com/rtcship/rtcship/tailer/spool"
)

// A Follower reads what is written to logs from now on, with the shipper's own
// tailer and its positions in memory: rotation, joined reports and new files are
// as right here as they are there.
type Follower struct {
	settings *Settings
	sources  []tailer.Source
	files    []Input // what was there at the start

	mu     sync.Mutex
	offers []*offer
	told   chan struct{} // there are offers
	live   chan struct{} // closed when offers are wanted

	finds []func() ([]Input, error) // what is there of each path
	late  map[string]bool           // paths that only the second look has found
}

// Follow prepares to follow paths: directories with all that will be in them, and
// single files with their generations. exclude are patterns of files to leave
// alone. source says whose logs they are, "" to find out.
func Follow(paths []string, source string, exclude []string, s *Settings) (*Follower, error) {
	f := &Follower{settings: s, late: map[string]bool{}, told: make(chan struct{}, 1), live: make(chan struct{})}
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(abs)
		if err != nil {
			return nil, err
		}
		list, err := f.find(abs, source)
		if err != nil {
			return nil, err
		}
		if info.IsDir() {
			f.directory(abs, list, source, exclude)
		} else {
			f.file(abs, list)
		}
	}
	return f, nil
}

// find adds what is there of a path, and is asked for it once more by Run.
func (f *Follower) find(path, source string) ([]Input, error) {
	find := func() ([]Input, error) {
		in := &Inputs{}
		defer in.Close() // archives do not grow
		err := in.add(path, source)
		return in.List, err
	}
	list, err := find()
	f.files, f.finds = append(f.files, list...), append(f.finds, find)
	return list, err
}

// directory follows each directory that has logs, or the one that was asked for
// if none has.
func (f *Follower) directory(dir string, found []Input, source string, exclude []string) {
	origins := map[string]string{dir: cmp.Or(source, "sora")}
	spools := map[string]bool{}
	for i := range found {
		at := filepath.Dir(found[i].Path)
		switch {
		case found[i].form == spool:
			spools[at] = true
		case filepath.Base(at) == "connection_created_wait_timeout_error": // comes with the directory above
		case origins[at] == "" || found[i].Source == "pexip":
			origins[at] = found[i].Source
		}
	}
	for at, origin := range origins {
		if spools[at] {
			continue
		}
		s := tailer.Source{Name: at, Origin: origin, Dir: at, Rules: tailer.SoraRules(), Exclude: exclude, Timezone: f.settings.Timezone}
		if origin == "pexip" {
			s.Rules = tailer.QuotedRules([]string{"*.log", "*.txt"})
		}
		f.add(s)
	}
	for at := range spools {
		f.spool(at)
	}
}

// file follows one file and the generations that it is rotated to.
func (f *Follower) file(path string, found []Input) {
	dir, base := filepath.Split(path)
	s := tailer.Source{Name: path, Origin: "sora", Dir: filepath.Clean(dir), Timezone: f.settings.Timezone}
	if len(found) > 0 {
		s.Origin = found[0].Source
	}
	rule := tailer.Rule{Pattern: literal(base)}
	if s.Origin == "pexip" {
		rule.Form = entries.Quoted
	} else {
		for _, r := range soraRules() {
			if ok, _ := filepath.Match(r.Pattern, base); ok {
				rule.Log, rule.Form = r.Log, r.Form
				break
			}
		}
	}
	s.Rules = []tailer.Rule{rule}
	f.add(s)
}

// literal is a pattern that matches one name.
func literal(name string) string {
	var b []byte
	for i := range len(name) {
		switch name[i] {
		case '*', '?', '[', '\\':
			b = append(b, '\\')
		}
		b = append(b, name[i])
	}
	return string(b)
}

// spool follows the messages in a spool as they are received.
func (f *Follower) spool(dir string) {
	f.add(tailer.Source{Name: dir, Origin: "pexip", Dir: dir, Rules: []tailer.Rule{{Pattern: "*" + spoolfile.Suffix}}, Format: spoolfile.Format{}})
}

// Spool adds the spool in dir, which need not be there yet.
func (f *Follower) Spool(dir string) {
	_, _ = f.find(dir, "") // nothing yet, if it fails
	f.spool(dir)
}

func (f *Follower) add(s tailer.Source) {
	s.Start = tailer.Start{End: true}
	if !slices.ContainsFunc(f.sources, func(o tailer.Source) bool { return o.Name == s.Name }) {
		f.sources = append(f.sources, s)
	}
}

// An offer is a batch that waits to be shown.
type offer struct {
	records []*Record
	done    chan struct{}
}

// gather is how long what comes at the same time is waited for, so that it can
// be shown in order of time.
const gather = 80 * time.Millisecond

// Run shows what is there already, with backlog, and then calls each with what
// comes, in order of time as far as it comes together, until ctx ends or each
// fails. backlog gets the files that were there, each up to where following
// begins.
func (f *Follower) Run(ctx context.Context, backlog func([]Input) error, each func(*Record) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cfg := tailer.Config{Volatile: true, Sources: f.sources, MaxEntry: f.settings.MaxEntry, SafeCut: f.settings.Converter.SafeCut, Memory: 8 << 20}
	if f.settings.Small {
		cfg.Memory = 1 << 20
	}
	t, err := tailer.New(cfg, f)
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	var running errgroup.Group
	running.Go(func() error { return t.Run(ctx) })
	err = f.serve(ctx, t, backlog, each)
	stop()
	return errors.Join(err, running.Wait())
}

func (f *Follower) serve(ctx context.Context, t *tailer.Tailer, backlog func([]Input) error, each func(*Record) error) error {
	if err := backlog(f.upTo(ctx, t)); err != nil {
		return err
	}
	close(f.live)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.told:
		}
		select {
		case <-ctx.Done():
		case <-time.After(gather):
		}
		if err := f.show(each); err != nil {
			return err
		}
	}
}

// founded is how long the tailer's first look at the directories is waited for.
const founded = 5 * time.Second

// upTo are the files that were there at the start, each with the size at which
// following began: nothing is settled before live is closed, so that the
// tailer's settled offsets are where it began.
func (f *Follower) upTo(ctx context.Context, t *tailer.Tailer) []Input {
	select {
	case <-t.Listed():
	case <-time.After(founded):
	case <-ctx.Done():
	}
	f.findAgain()
	began := map[string]int64{}
	for end := time.Now().Add(founded); ; {
		for _, s := range t.Status() {
			if s.State == tailer.Live {
				began[s.Path] = s.Settled
			}
		}
		missing := slices.ContainsFunc(f.files, func(i Input) bool {
			_, ok := began[i.Path]
			return !ok && !i.packed() && soleName(i.Path) && exists(i.Path)
		})
		if !missing || time.Now().After(end) || ctx.Err() != nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	var files []Input
	for i := range f.files {
		file := f.files[i]
		at, ok := began[file.Path]
		if ok {
			file.limit(at)
		}
		if ok || !f.late[file.Path] {
			files = append(files, file)
		}
	}
	return files
}

// findAgain finds what has come since Follow and before the tailer looked, and was
// there already for the tailer. What has come later is not for the backlog.
func (f *Follower) findAgain() {
	known := map[string]bool{}
	for i := range f.files {
		known[f.files[i].Path] = true
	}
	for _, find := range f.finds {
		list, err := find()
		if err != nil {
			continue // it is gone, and may come
		}
		for i := range list {
			if !known[list[i].Path] {
				f.late[list[i].Path] = true
				f.files = append(f.files, list[i])
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Offer implements entry.Consumer.
func (f *Follower) Offer(ctx context.Context, b batch) (entries.Receipt, error) {
	select {
	case <-f.live:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w := worker{settings: f.settings}
	o := &offer{records: w.convert(b), done: make(chan struct{})}
	f.mu.Lock()
	f.offers = append(f.offers, o)
	f.mu.Unlock()
	select {
	case f.told <- struct{}{}:
	default:
	}
	return o, nil
}

// Wait implements entry.Receipt.
func (o *offer) Wait(ctx context.Context) error {
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// show hands on what waits, in order of time.
func (f *Follower) show(each func(*Record) error) error {
	f.mu.Lock()
	offers := f.offers
	f.offers = nil
	f.mu.Unlock()
	type keyed struct {
		key    time.Time
		record *Record
	}
	var all []keyed
	for _, o := range offers {
		var last time.Time
		for _, r := range o.records {
			if r.Time.After(last) {
				last = r.Time
			} else if last.IsZero() {
				last = r.Observed
			}
			all = append(all, keyed{last, r})
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return a.key.Compare(b.key) })
	var err error
	for i := range all {
		if err = each(all[i].record); err != nil {
			break
		}
	}
	for _, o := range offers {
		close(o.done)
	}
	return err
}
