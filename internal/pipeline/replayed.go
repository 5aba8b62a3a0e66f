package pipeline

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/smallfile"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// replayed says up to where the entries of generations are handed on again because
// somebody asked for it. Numbers of calls have counted them already. It is kept for
// as long as they could count as what is happening now, and a while: then they are
// too old to be counted, by whatever clock.
type replayed map[string]mark

// A mark is one generation's.
type mark struct {
	Until int64     `json:"until"` // offset
	At    time.Time `json:"at"`    // of the replay
}

// replayedFile is where it is, in the state directory.
const replayedFile = "replayed.json"

// keepReplayed is how long a mark is kept.
const keepReplayed = 2 * numbers.Fresh

// loadReplayed reads what is remembered. If that fails, nothing is.
func loadReplayed(dir string) (replayed, error) {
	r := replayed{}
	text, err := smallfile.Read(filepath.Join(dir, replayedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return replayed{}, fmt.Errorf("read what was sent again: %w", err)
	}
	for id, m := range r {
		if time.Since(m.At) > keepReplayed {
			delete(r, id)
		}
	}
	return r, nil
}

// rememberReplayed adds what was set back to the file.
func rememberReplayed(dir string, all []tailer.Rewound) error {
	r, _ := loadReplayed(dir) // a damaged one is written anew
	now := time.Now()
	for _, w := range all {
		if w.Error == "" {
			r[w.Generation] = mark{max(w.From, r[w.Generation].Until), now}
		}
	}
	if len(r) == 0 {
		return nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("remember what is sent again: %w", err)
	}
	f, err := os.CreateTemp(dir, replayedFile+".*") // whatever stands at any name
	if err != nil {
		return fmt.Errorf("remember what is sent again: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, replayedFile))
	}
	if err != nil {
		return fmt.Errorf("remember what is sent again: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// until is the offset before which entries of o are handed on again.
func (r replayed) until(o *entry.Origin) int64 {
	if len(r) == 0 {
		return 0
	}
	return r[hex.EncodeToString(o.Generation[:])].Until
}
