package exporter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// A Resent says what ResendDeadLetters did.
type Resent struct {
	Letters    int `json:"letters"`    // that were settled, by acceptance or as a dead letter once more
	Unreadable int `json:"unreadable"` // lines that are none; they are kept as dead letters' file + ".unreadable"
	Again      int `json:"again"`      // letters that the collector refused again, as far as can be told
}

// resendBatch is how many bytes of letters are sent with one call.
const resendBatch = 1 << 20

// ReadDeadLetters calls f for each dead letter at path, oldest first, those
// that are being sent again among them. Lines that are no letters are passed
// over. If f returns an error, that is the result.
func ReadDeadLetters(path string, f func(DeadLetter) error) error {
	for _, p := range []string{resending(path), path} {
		err := eachLine(p, func(line []byte) error {
			if letter, err := parseLetter(line); err == nil {
				return f(letter)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read dead letters: %w", err)
		}
	}
	return nil
}

// ResendDeadLetters sends all dead letters again and blocks until they are
// settled. What the collector refuses once more is a dead letter once more. If
// ctx ends first, the letters stay, and the next call begins with them.
//
// While a call is under way another one is refused: each would take away the
// file that the other one reads.
func (e *Exporter) ResendDeadLetters(ctx context.Context) (Resent, error) {
	if e.dead == nil {
		return Resent{}, errors.New("resend dead letters: none are kept")
	}
	if !e.resend.TryLock() {
		return Resent{}, errors.New("resend dead letters: they are being sent again already")
	}
	defer e.resend.Unlock()
	// What an earlier call has left comes first.
	total, err := e.resendFile(ctx, resending(e.dead.cfg.Path))
	if err != nil {
		return total, fmt.Errorf("resend dead letters: %w", err)
	}
	if err := e.dead.setAside(); errors.Is(err, fs.ErrNotExist) {
		return total, nil
	} else if err != nil {
		return total, fmt.Errorf("resend dead letters: %w", err)
	}
	rest, err := e.resendFile(ctx, resending(e.dead.cfg.Path))
	total.Letters += rest.Letters
	total.Unreadable += rest.Unreadable
	total.Again += rest.Again
	if err != nil {
		return total, fmt.Errorf("resend dead letters: %w", err)
	}
	return total, nil
}

// setAside takes the letters out of the way of new ones.
func (d *deadLetters) setAside() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := os.Rename(d.cfg.Path, resending(d.cfg.Path)); err != nil {
		return err
	}
	delete(d.counted, d.cfg.Path)
	return syncDir(filepath.Dir(d.cfg.Path))
}

func (e *Exporter) resendFile(ctx context.Context, path string) (Resent, error) {
	var result Resent
	var groups []Group
	letters, size, dead := 0, 0, e.stats.dead.Load()
	send := func() error {
		err := e.Send(ctx, groups)
		if err == nil {
			result.Letters += letters
		}
		groups, letters, size = groups[:0], 0, 0
		return err
	}
	err := eachLine(path, func(line []byte) error {
		letter, err := parseLetter(line)
		if err != nil {
			result.Unreadable++
			return appendLine(e.dead.cfg.Path+".unreadable", append(bytes.Clone(line), '\n'))
		}
		groups = append(groups, letter.groups...)
		letters++
		if size += len(line); size < resendBatch {
			return nil
		}
		return send()
	})
	if err == nil && len(groups) > 0 {
		err = send()
	}
	result.Again = int(e.stats.dead.Load() - dead)
	if err != nil {
		return result, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return result, err
	}
	return result, nil
}

// eachLine calls f for each line of a file, without its newline. A file that
// is not there has no lines.
func eachLine(path string, f func([]byte) error) error {
	file, err := smallfile.Open(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, 64<<10)
	for {
		line, err := readLine(r)
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := f(line); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// errNoLetter says that a file holds what nobody here has written.
var errNoLetter = fmt.Errorf("a line of more than %d MiB is no dead letter: take it out of the file", mostLetter>>20)

// readLine reads a line that may be a letter.
func readLine(r *bufio.Reader) (line []byte, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > mostLetter {
			return nil, errNoLetter
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// groupsOf takes an encoded request apart into groups.
func groupsOf(wire []byte) ([]Group, error) {
	var groups []Group
	err := eachField(wire, func(num protowire.Number, _ protowire.Type, resourceLogs []byte, _ uint64) error {
		if num != 1 {
			return nil
		}
		first := len(groups)
		var resource []byte
		err := eachField(resourceLogs, func(num protowire.Number, _ protowire.Type, v []byte, _ uint64) error {
			switch num {
			case 1:
				resource = v
			case 2:
				g, err := groupOf(v)
				groups = append(groups, g)
				return err
			}
			return nil
		})
		for i := range groups[first:] {
			groups[first+i].Resource = resource
		}
		return err
	})
	return groups, err
}

func groupOf(scopeLogs []byte) (Group, error) {
	var g Group
	err := eachField(scopeLogs, func(num protowire.Number, _ protowire.Type, v []byte, _ uint64) error {
		switch num {
		case 1:
			g.Scope = v
		case 2:
			g.Records = appendMessage(g.Records, 2, v)
			g.Ends = append(g.Ends, len(g.Records))
		}
		return nil
	})
	return g, err
}
