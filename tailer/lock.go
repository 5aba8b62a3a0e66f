package tailer

import "github.com/rtcship/rtcship/tailer/internal/saved"

// Lock keeps a second process from using the same state directory, which it
// makes if need be. The lock goes with the process, so that it never has to be
// cleared by hand.
func Lock(stateDir string) (unlock func() error, err error) { return saved.Lock(stateDir) }
