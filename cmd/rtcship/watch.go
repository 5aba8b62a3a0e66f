package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"os"
	"time"
)

// watchInterval is how soon a changed config file is noticed.
const watchInterval = 2 * time.Second

// A fileWatch knows the content of the config file as it was last looked at.
// Content is compared, not times: Kubernetes replaces a link to a directory
// when a ConfigMap changes, and touches it when it does not.
type fileWatch struct {
	path string
	last []byte // hash; nil if it could not be read
}

// watchFile looks at the file before it returns, so that no change after that
// is missed, however late run is called; "" is no file.
func watchFile(path string) *fileWatch {
	return &fileWatch{path: path, last: fileHash(path)}
}

// run calls changed whenever the content has become another one.
func (w *fileWatch) run(ctx context.Context, changed func()) {
	if w.path == "" {
		return
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := fileHash(w.path); now != nil && !bytes.Equal(now, w.last) {
			w.last = now
			changed()
		}
	}
}

// fileHash is nil for a file that cannot be read, which is not taken for a change.
func fileHash(path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(data)
	return sum[:]
}
