package demo

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// A soraWriter writes a Sora log directory the way Sora does: one open file a
// log, no rotation of its own. Rotation is done to it, as logrotate would.
type soraWriter struct {
	dir     string
	rand    *rand.Rand
	files   map[string]*os.File // by base name
	written map[string]int      // entries by log
	turns   int                 // rotations so far
}

func newSoraWriter(dir string, r *rand.Rand) *soraWriter {
	return &soraWriter{dir: dir, rand: r, files: map[string]*os.File{}, written: map[string]int{}}
}

func (w *soraWriter) close() error {
	var errs []error
	for _, f := range w.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// entry appends one entry to a log's file.
func (w *soraWriter) entry(log, file, text string) error {
	f := w.files[file]
	if f == nil {
		var err error
		f, err = os.OpenFile(filepath.Join(w.dir, file), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		w.files[file] = f
	}
	if _, err := io.WriteString(f, text+"\n"); err != nil {
		return err
	}
	w.written[log]++
	return nil
}

// object appends one JSON line.
func (w *soraWriter) object(log string, fields map[string]any) error {
	line, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return w.entry(log, log+".jsonl", string(line))
}

// A soraEvent is one line of sora.jsonl that the demo may write.
type soraEvent struct {
	level, msg string
	weight     int
}

var soraEvents = []soraEvent{
	{"info", "signaling session opened", 30},
	{"notice", "spotlight focus moved", 8},
	{"debug", "keyframe requested", 20},
	{"warning", "WEBSOCKET-TERMINATE", 4},
	{"warning", "SIMULCAST-DUPLICATED-RID | reason={rid,<<\"r1\">>}", 2},
	{"warning", "DTLS-ALERT | reason=close_notify", 3},
	{"warning", "UNKNWON-RTCP", 2},
	{"error", "PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>", 5},
	{"error", "ANSWER-TIMEOUT-ERROR", 3},
	{"error", "INVALID-JSON", 3},
	{"error", "DTLS-ALERT | reason={fatal,handshake_failure}", 1},
	{"error", "AUTHENTICATION-FAILURE | reason={denied,#{channel => <<\"townhall\">>}}", 4},
	{"error", "EXCEED-MAX-CONNECTIONS | reason={limit,250}", 2},
	{"emergency", "CLUSTER-INTERNAL-FAILURE | reason={nodedown,'sora@10.0.0.7'}", 1},
}

var channels = []string{"townhall", "support/desk 3", "standup", "lecture-2"}
var roles = []string{"sendrecv", "sendonly", "recvonly"}

func (w *soraWriter) pick() soraEvent {
	total := 0
	for _, e := range soraEvents {
		total += e.weight
	}
	n := w.rand.IntN(total)
	for _, e := range soraEvents {
		if n -= e.weight; n < 0 {
			return e
		}
	}
	panic("unreachable: the weights add up")
}

// line writes to sora.jsonl.
func (w *soraWriter) line(now time.Time) error {
	e := w.pick()
	return w.object("sora", map[string]any{
		"timestamp": stamp(now), "level": e.level, "msg": e.msg, "domain": []string{"sora", "signaling"},
		"channel_id": w.channel(), "connection_id": w.id(26), "role": w.role(),
		"multistream": true, "simulcast": w.rand.IntN(2) == 0, "spotlight": false,
		"node": "sora@127.0.0.1", "sora_version": "2025.2.1",
	})
}

// legacy writes to internal.log in the older text form.
func (w *soraWriter) legacy(now time.Time) error {
	e := w.pick()
	return w.entry("internal", "internal.log", fmt.Sprintf("%s [%s] sora@127.0.0.1 [%s/%s/%s] [sim,multi] <0.%d.%d> %s",
		stamp(now), e.level, w.channel(), w.id(8), w.role(), w.rand.IntN(30000), w.rand.IntN(20), e.msg))
}

// crash writes one report of several lines, which is one entry.
func (w *soraWriter) crash(now time.Time) error {
	return w.entry("crash", "crash.log", now.UTC().Format(time.DateTime)+` =CRASH REPORT====
  crasher:
    initial call: sora_signaling:init/1
    pid: <0.4711.0>
    registered_name: []
    exception error: {badmatch,{error,demo}}
    ancestors: [sora_signaling_sup,sora_sup,<0.1203.0>]
    status: running
    reductions: 90210`)
}

// rotate renames a log away, as logrotate does, while the writer still holds
// it, writes a last line into the renamed file, and only then lets the writer
// open a new one. Every second time the old file is compressed.
func (w *soraWriter) rotate(log string, now time.Time) error {
	file := log + ".jsonl"
	f := w.files[file]
	if f == nil {
		return nil
	}
	w.turns++
	old := filepath.Join(w.dir, fmt.Sprintf("%s-%s%02d", file, now.Format("20060102"), w.turns))
	if err := os.Rename(filepath.Join(w.dir, file), old); err != nil {
		return err
	}
	if err := w.line(now); err != nil {
		return err
	}
	delete(w.files, file)
	if err := f.Close(); err != nil {
		return err
	}
	if w.turns%2 == 0 {
		return compress(old)
	}
	return nil
}

// compress replaces a file by its gzip, as logrotate's compress does.
func compress(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := os.Create(path + ".gz")
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	_, err = z.Write(text)
	if err := errors.Join(err, z.Close(), f.Close()); err != nil {
		return err
	}
	return os.Remove(path)
}

func (w *soraWriter) channel() string { return channels[w.rand.IntN(len(channels))] }
func (w *soraWriter) role() string    { return roles[w.rand.IntN(len(roles))] }

// id gives n characters of Crockford's base32, the alphabet of Sora's ids.
func (w *soraWriter) id(n int) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[w.rand.IntN(len(alphabet))]
	}
	return string(b)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
