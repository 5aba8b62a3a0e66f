package tailer

import "github.com/rtcship/rtcship/tailer/internal/saved"

// A StateLock keeps a second process from using the same state directory.
type StateLock = saved.StateLock

// ErrTaken says that another process uses the state directory.
var ErrTaken = saved.ErrTaken

// Lock locks a state directory, which it makes if need be. The lock goes with the
// process, so that it never has to be cleared by hand.
func Lock(stateDir string) (*StateLock, error) { return saved.Lock(stateDir) }

// SaveAgain saves all positions anew: what was saved is not there any more.
func (t *Tailer) SaveAgain() {
	t.positions.SaveAgain()
	t.lock(func() { t.saveWhole = true })
	t.hurry()
}

// Abandon keeps t from saving anything more: the state directory is another
// process's now.
func (t *Tailer) Abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead = true
}
