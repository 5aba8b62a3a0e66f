package pipeline

import (
	"context"
	"errors"

	"github.com/rtcship/rtcship/exporter"
)

// ReplayDeadLetters sends all dead letters again and blocks until they are
// settled, by acceptance or as dead letters once more.
func (d *Daemon) ReplayDeadLetters(ctx context.Context) (exporter.Resent, error) {
	d.mu.Lock()
	e := d.engine
	d.mu.Unlock()
	if e == nil {
		return exporter.Resent{}, errors.New("replay dead letters: nothing can be delivered at present, see rtcship status")
	}
	return e.exporter.ResendDeadLetters(ctx)
}
