package main

import (
	"bytes"
	"context"
	"time"

	"github.com/rtcship/rtcship/internal/smallfile"
)

const (
	// watchInterval is how often the config file is looked at.
	watchInterval = time.Second

	// holdStill is how long a changed file must have been the same before it is
	// read: one that is written in place is empty first, and then breaks off
	// somewhere, which may be at the end of a line.
	holdStill = 5 * time.Second

	// holdUnfinished is that for a file that looks like one that is not written
	// to its end.
	holdUnfinished = 15 * time.Second
)

// A fileWatch knows the content of the config file as it was last taken up.
// Content is compared, not times: Kubernetes replaces a link to a directory
// when a ConfigMap changes, and touches it when it does not.
type fileWatch struct {
	path string
	last content
}

// A content is what was in the file; gone if it could not be read.
type content struct {
	data []byte
	gone bool
}

// watchFile looks at the file before it returns, so that no change after that
// is missed, however late run is called; "" is no file.
func watchFile(path string) *fileWatch {
	return &fileWatch{path: path, last: look(path)}
}

// run calls changed whenever the content has become another one and stays so,
// and when the file has gone or come back.
func (w *fileWatch) run(ctx context.Context, changed func()) {
	if w.path == "" {
		return
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	seen, since := w.last, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := look(w.path)
		if !now.same(seen) {
			seen, since = now, time.Now()
		}
		if !seen.same(w.last) && time.Since(since) >= w.wait(seen) {
			w.last = seen
			changed()
		}
	}
}

// wait is how long c must have been in the file to be taken up.
func (w *fileWatch) wait(c content) time.Duration {
	whole := bytes.HasSuffix(c.data, []byte("\n"))
	if c.gone || whole && !bytes.HasPrefix(w.last.data, c.data) {
		return holdStill
	}
	return holdUnfinished
}

func (c content) same(o content) bool { return c.gone == o.gone && bytes.Equal(c.data, o.data) }

func look(path string) content {
	if path == "" {
		return content{gone: true}
	}
	data, err := smallfile.Read(path)
	return content{data, err != nil}
}
