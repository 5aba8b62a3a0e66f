package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A row is a way in which a log comes to an end and begins anew, in two halves:
// between them the program is killed. The functions get the log's path.
type row struct {
	name, file    string
	first, second func(r *rowLog)
	third         func(r *rowLog) // after a second kill, if there is more to do
	settledFirst  bool            // nothing is unread when the log goes: what is deleted then cannot be had
}

// rows are all ways that docs/following.md speaks of, each with a log and a form
// of name of its own.
var rows = []row{
	{name: "rename and create", file: "sora.jsonl",
		first: func(r *rowLog) { r.move("", ".1") }, second: func(r *rowLog) { r.write(3) }},
	{name: "rename, the writer goes on in the old file", file: "api.jsonl",
		first: func(r *rowLog) { r.move("", "-20311105"); r.writeTo("-20311105", 3) }, second: func(r *rowLog) { r.writeTo("-20311105", 3) }},
	{name: "copy and truncate", file: "signaling.jsonl",
		first: func(r *rowLog) { r.copy("", ".1") }, second: func(r *rowLog) { r.truncate() }},
	{name: "rename and gzip", file: "event_webhook.jsonl",
		first: func(r *rowLog) { r.move("", ".1"); r.pack(".1", ".1.gz") }, second: func(r *rowLog) { r.remove(".1") }},
	{name: "rename and zstd", file: "event_webhook_error.jsonl",
		first: func(r *rowLog) { r.move("", "-20311105") }, second: func(r *rowLog) { r.pack("-20311105", "-20311105.zst"); r.remove("-20311105") }},
	{name: "copy, gzip and truncate", file: "session_webhook.jsonl",
		first: func(r *rowLog) { r.copy("", ".1") }, second: func(r *rowLog) { r.truncate(); r.pack(".1", ".1.gz"); r.remove(".1") }},
	{name: "copy to zstd and truncate", file: "session_webhook_error.jsonl",
		first: func(r *rowLog) { r.pack("", ".1.zst") }, second: func(r *rowLog) { r.truncate() }},
	{name: "date before the extension", file: "cluster.jsonl",
		first: func(r *rowLog) { r.moveTo("cluster-20311105.jsonl") }, second: func(r *rowLog) { r.write(3) }},
	{name: "several generations at once", file: "auth_webhook.jsonl",
		first: func(r *rowLog) { r.move("", ".1"); r.write(4); r.move(".1", ".2"); r.move("", ".1") },
		second: func(r *rowLog) {
			r.write(4)
			r.pack(".2", ".3.gz")
			r.remove(".2")
			r.move(".1", ".2")
			r.move("", ".1")
		}},
	{name: "deletion", file: "connection.jsonl", settledFirst: true,
		first: func(r *rowLog) { r.remove("") }, second: func(r *rowLog) { r.write(3) }},
	{name: "run_erl's ring", file: "erlang.log.1",
		first: func(r *rowLog) { r.next("erlang.log.2"); r.write(3) }, second: func(r *rowLog) { r.next("erlang.log.3"); r.write(3) }},
	{name: "overwritten at start", file: "sysctl.log", settledFirst: true,
		first: func(r *rowLog) { r.truncate() }, second: func(r *rowLog) {}},
	{name: "truncated and rewritten to a larger size", file: "stats_webhook.jsonl", settledFirst: true,
		first: func(r *rowLog) { r.truncate() }, second: func(r *rowLog) { r.write(60) }},
	{name: "symbolic link moved to another file", file: "internal.jsonl", settledFirst: true, // no name that is followed leads to the other one
		first: func(r *rowLog) { r.link("internal-target-b") }, second: func(r *rowLog) { r.write(3) }},
	{name: "replaced by a directory for a while", file: "rtc_stats.jsonl",
		first:  func(r *rowLog) { r.move("", ".1"); r.must(os.Mkdir(r.path(""), 0o755)) },
		second: func(r *rowLog) { r.must(os.Remove(r.path(""))) }},
	{name: "out of reach for a while", file: "debug.jsonl", // for root, too, whom no mode keeps from a file
		first: func(r *rowLog) { r.move("", ".away"); r.file += ".away" },
		second: func(r *rowLog) {
			r.must(os.Symlink("debug.jsonl", filepath.Join(r.dir, "debug.jsonl"))) // leads to itself
		},
		third: func(r *rowLog) { r.file = "debug.jsonl"; r.remove(""); r.move(".away", "") }},
}

// TestKillInEachRotation kills the program in the middle of each kind of
// rotation, several times at different moments. Every line arrives, and lines
// that come again have the uids they had.
func TestKillInEachRotation(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if *crashSeed != 0 {
		seed = *crashSeed
	}
	t.Logf("-crash-seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 5))
	c := newCrash(t, seed)
	c.behave()
	logs := make([]*rowLog, len(rows))
	for i := range rows {
		logs[i] = &rowLog{t: t, row: &rows[i], dir: filepath.Join(c.dir, "log"), file: rows[i].file}
		if strings.HasPrefix(rows[i].name, "symbolic") {
			logs[i].link("internal-target-a")
		}
		logs[i].write(10)
	}
	p := c.launch()
	c.await(t, logs)
	for _, l := range logs {
		if !l.row.settledFirst {
			l.write(5)
		}
	}
	time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
	for _, l := range logs {
		l.row.first(l)
	}
	time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
	p.Process.Kill()
	p.Wait()
	for _, l := range logs {
		l.row.second(l)
		l.write(5)
	}
	p = c.launch()
	time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
	p.Process.Kill()
	p.Wait()
	for _, l := range logs {
		if l.row.third != nil {
			l.row.third(l)
		}
		l.write(2)
	}
	p = c.launch()
	defer p.Wait()
	defer p.Process.Kill()
	c.await(t, logs)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults[:min(10, len(c.faults))] {
		t.Error(f)
	}
	t.Logf("%d lines came again", c.repeats)
}

// await waits until all lines of the logs have arrived.
func (c *crash) await(t *testing.T, logs []*rowLog) {
	t.Helper()
	missing := func() (names []string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, l := range logs {
			for _, line := range l.lines() {
				if _, ok := c.uids[line]; !ok {
					names = append(names, fmt.Sprintf("%q of the log for %q", line, l.row.name))
					break
				}
			}
		}
		return names
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		names := missing()
		if len(names) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("missing: %s", strings.Join(names, "\n"))
		}
	}
}

// A rowLog is written to as its row wants it.
type rowLog struct {
	t    *testing.T
	row  *row
	dir  string
	file string // at present
	n    int    // lines written
	all  string // all that was written to a file that is one entry
}

func (r *rowLog) whole() bool            { return r.row.file == "sysctl.log" }
func (r *rowLog) path(ext string) string { return filepath.Join(r.dir, r.file+ext) }

func (r *rowLog) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", r.row.name, err)
	}
}

// lines returns what must have arrived.
func (r *rowLog) lines() []string {
	if r.whole() {
		return []string{strings.TrimSuffix(r.all, "\n")}
	}
	var all []string
	for i := range r.n {
		all = append(all, r.line(i))
	}
	return all
}

func (r *rowLog) line(i int) string { return fmt.Sprintf("%s line %d", r.row.file, i) }

func (r *rowLog) write(n int) { r.writeTo("", n) }

func (r *rowLog) writeTo(ext string, n int) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(ext), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	r.must(err)
	defer f.Close()
	for range n {
		text := r.line(r.n) + "\n"
		if strings.HasSuffix(r.row.file, ".jsonl") {
			text = fmt.Sprintf(`{"timestamp":"2031-03-05T07:00:00.%06dZ","level":"info","msg":%q}`+"\n", r.n, r.line(r.n))
		}
		_, err := f.WriteString(text)
		r.must(err)
		r.n++
		r.all += text
	}
}

func (r *rowLog) move(from, to string) { r.t.Helper(); r.must(os.Rename(r.path(from), r.path(to))) }
func (r *rowLog) moveTo(name string) {
	r.t.Helper()
	r.must(os.Rename(r.path(""), filepath.Join(r.dir, name)))
}
func (r *rowLog) remove(ext string) { r.t.Helper(); r.must(os.Remove(r.path(ext))) }
func (r *rowLog) truncate()         { r.t.Helper(); r.must(os.Truncate(r.path(""), 0)); r.all = "" }
func (r *rowLog) next(file string)  { r.file = file }

func (r *rowLog) copy(from, to string) {
	r.t.Helper()
	b, err := os.ReadFile(r.path(from))
	r.must(err)
	r.must(os.WriteFile(r.path(to), b, 0o644))
}

func (r *rowLog) link(target string) {
	r.t.Helper()
	os.Remove(r.path(""))
	r.must(os.Symlink(filepath.Join(r.dir, target), r.path("")))
}

func (r *rowLog) pack(from, to string) {
	r.t.Helper()
	b, err := os.ReadFile(r.path(from))
	r.must(err)
	f, err := os.Create(r.path(to))
	r.must(err)
	defer f.Close()
	if strings.HasSuffix(to, ".gz") {
		z := gzip.NewWriter(f)
		_, err = z.Write(b)
		r.must(err)
		r.must(z.Close())
		return
	}
	z, err := zstd.NewWriter(f)
	r.must(err)
	_, err = z.Write(b)
	r.must(err)
	r.must(z.Close())
}
