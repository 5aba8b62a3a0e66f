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

// watchFile calls changed whenever the content of the file has become another
// one. Content is compared, not times: Kubernetes replaces a link to a
// directory when a ConfigMap changes, and touches it when it does not.
func watchFile(ctx context.Context, path string, changed func()) {
	if path == "" {
		return
	}
	last := fileHash(path)
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := fileHash(path); now != nil && !bytes.Equal(now, last) {
			last = now
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
