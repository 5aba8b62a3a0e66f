package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

var (
	kills     = flag.Int("kills", 5, "how often the crash test kills the program")
	crashSeed = flag.Uint64("crash-seed", 0, "of the crash test's random choices; 0 takes one from the clock")
)

// TestCrash kills the program at random moments while three logs are written
// and rotated, each in its own way, and the collector refuses, stalls, loses
// acknowledgements and drops connections. Every line arrives, and one that
// arrives twice does so under the same uid.
func TestCrash(t *testing.T) {
	t.Parallel()
	seed := *crashSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-kills=%d -crash-seed=%d", *kills, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	c := newCrash(t, seed)
	rotations := []func(*crashLog){(*crashLog).rename, (*crashLog).renameAndCompress, (*crashLog).copyAndTruncate}
	var logs []*crashLog
	for i, rotate := range rotations {
		logs = append(logs, c.write([]string{"sora", "signaling", "event_webhook"}[i], rotate, seed+uint64(i)))
	}
	for range *kills {
		p := c.launch()
		time.Sleep(time.Duration(100+random.IntN(900)) * time.Millisecond)
		_, _ = askStatus(t, c.state()) // it may not have got that far; if it has, its ledger adds up
		p.Process.Kill()
		p.Wait()
		if random.IntN(3) == 0 { // some rotations happen while nobody looks
			time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond)
		}
	}
	for _, l := range logs {
		l.end()
	}
	c.behave()
	p := c.launch()
	defer p.Wait()
	defer p.Process.Kill()
	for end := time.Now().Add(patience); c.missing(logs) > 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	c.check(logs)
	settledStatus(t, c.state())
}

// A crash is what the test knows of what has arrived.
type crash struct {
	t      *testing.T
	dir    string
	server *exportertest.Server

	mu      sync.Mutex
	random  *rand.Rand
	faulty  bool
	uids    map[string]string // of each line that arrived
	repeats int
	faults  []string
	args    []string // further ones of the program
	env     []string // further variables of its
}

func newCrash(t *testing.T, seed uint64) *crash {
	c := &crash{t: t, dir: t.TempDir(), random: rand.New(rand.NewPCG(seed, 7)), faulty: true, uids: map[string]string{}}
	if err := os.Mkdir(filepath.Join(c.dir, "log"), 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.server, err = exportertest.Start(exportertest.Config{HTTPListen: "-", Answer: c.answer, Take: c.take}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.server.Close)
	return c
}

func (c *crash) state() string { return filepath.Join(c.dir, "state") }

func (c *crash) behave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faulty = false
	c.args = append(c.args, patient...)
}

// patient has the program wait for its collector, now that each request is answered.
var patient = []string{"--export-timeout", "1m"}

// answer does something wrong with every third request.
func (c *crash) answer(*exportertest.Request) *exportertest.Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.faulty || c.random.IntN(3) > 0 {
		return nil
	}
	return []*exportertest.Fault{
		{Code: codes.Unavailable, Message: "refused"},
		{Code: codes.Unavailable, Message: "acknowledgement lost", Taken: true},
		{Stall: true},
		{Drop: true},
		{Drop: true, Taken: true},
	}[c.random.IntN(5)]
}

// take notes the lines that arrive, and their uids.
func (c *crash) take(r *exportertest.Request) {
	records, err := r.Records()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.faults = append(c.faults, err.Error())
	}
	for _, rec := range records {
		line := rec.GetBody().GetStringValue()
		uid := ""
		for _, a := range rec.GetAttributes() {
			if a.GetKey() == "log.record.uid" {
				uid = a.GetValue().GetStringValue()
			}
		}
		if before, again := c.uids[line]; again {
			c.repeats++
			if before != uid {
				c.faults = append(c.faults, fmt.Sprintf("%s came with uid %s and %s", line, before, uid))
			}
		}
		c.uids[line] = uid
	}
}

// launch starts the program: this very binary under its own name.
func (c *crash) launch() *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Args = []string{
		"rtcship", "run", "--sora-log-dir", filepath.Join(c.dir, "log"), "--sora-start", "2020-01-01T00:00:00Z", "--state-dir", c.state(),
		"--endpoint", c.server.Endpoint(exportertest.GRPC), "--export-timeout", "500ms", "--admin-listen", "", "--log-otlp=false",
	}
	cmd.Args = append(cmd.Args, c.args...)
	cmd.Env = append(os.Environ(), c.env...)
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if c.t.Failed() {
			c.t.Logf("the program wrote:\n%.3000s", out.String())
		}
	})
	return cmd
}

// missing counts the lines that have not arrived.
func (c *crash) missing(logs []*crashLog) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range logs {
		for i := range l.n {
			if _, ok := c.uids[l.line(i)]; !ok {
				n++
			}
		}
	}
	return n
}

func (c *crash) check(logs []*crashLog) {
	if n := c.missing(logs); n > 0 {
		c.t.Errorf("%d lines have not arrived", n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults[:min(10, len(c.faults))] {
		c.t.Error(f)
	}
	total := 0
	for _, l := range logs {
		total += l.n
		for i := range l.n {
			if _, ok := c.uids[l.line(i)]; !ok {
				c.t.Errorf("the first missing one of %s is %d of %d", l.name, i, l.n)
				break
			}
		}
	}
	c.t.Logf("%d lines written, %d came again", total, c.repeats)
}

// A crashLog is written and rotated until its end.
type crashLog struct {
	t      *testing.T
	name   string
	path   string
	rotate func(*crashLog)
	random *rand.Rand
	stop   chan struct{}
	done   chan struct{}
	file   *os.File
	n      int // lines written; read after end only
}

func (c *crash) write(name string, rotate func(*crashLog), seed uint64) *crashLog {
	l := &crashLog{
		t: c.t, name: name, path: filepath.Join(c.dir, "log", name+".jsonl"), rotate: rotate,
		random: rand.New(rand.NewPCG(seed, 3)), stop: make(chan struct{}), done: make(chan struct{}),
	}
	l.reopen()
	go l.run()
	return l
}

func (l *crashLog) end() {
	close(l.stop)
	<-l.done
}

func (l *crashLog) line(i int) string { return "line " + l.name + "/" + strconv.Itoa(i) }

func (l *crashLog) run() {
	defer close(l.done)
	defer l.file.Close()
	next := time.Now()
	for {
		select {
		case <-l.stop:
			return
		case <-time.After(3 * time.Millisecond):
		}
		if time.Now().After(next) {
			next = time.Now().Add(time.Duration(150+l.random.IntN(600)) * time.Millisecond)
			l.rotate(l)
		}
		for range l.random.IntN(4) {
			l.writeLine()
		}
	}
}

// writeLine writes a line, now and then in two pieces.
func (l *crashLog) writeLine() {
	text := fmt.Sprintf("{\"timestamp\":%q,\"level\":\"info\",\"msg\":%q}\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), l.line(l.n))
	l.n++
	cut := len(text)
	if l.random.IntN(8) == 0 {
		cut = l.random.IntN(len(text))
	}
	for _, part := range []string{text[:cut], text[cut:]} {
		if _, err := l.file.WriteString(part); err != nil {
			l.t.Error(err)
		}
	}
}

func (l *crashLog) reopen() {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		l.t.Error(err)
		return
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file = f
}

// shift makes room for the newest of many rotated files and returns its name.
func (l *crashLog) shift() string {
	for i := 60; i > 0; i-- {
		for _, ext := range []string{"", ".gz"} {
			err := os.Rename(fmt.Sprintf("%s.%d%s", l.path, i, ext), fmt.Sprintf("%s.%d%s", l.path, i+1, ext))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				l.t.Error(err)
			}
		}
	}
	return l.path + ".1"
}

// rename moves the log away and goes on in the old file for a moment.
func (l *crashLog) rename() {
	if err := os.Rename(l.path, l.shift()); err != nil {
		l.t.Error(err)
	}
	l.writeLine()
	time.Sleep(time.Duration(l.random.IntN(20)) * time.Millisecond)
	l.writeLine()
	l.reopen()
}

func (l *crashLog) renameAndCompress() {
	to := l.shift()
	if err := os.Rename(l.path, to); err != nil {
		l.t.Error(err)
	}
	l.reopen()
	text, err := os.ReadFile(to)
	if err != nil {
		l.t.Error(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(text)
	z.Close()
	half := b.Len() / 2
	f, err := os.Create(to + ".gz")
	if err != nil {
		l.t.Error(err)
		return
	}
	defer f.Close()
	f.Write(b.Bytes()[:half])
	time.Sleep(time.Duration(l.random.IntN(50)) * time.Millisecond)
	f.Write(b.Bytes()[half:])
	if err := os.Remove(to); err != nil {
		l.t.Error(err)
	}
}

// copyAndTruncate writes nothing between the copy and the truncation, since
// that cannot be saved.
func (l *crashLog) copyAndTruncate() {
	text, err := os.ReadFile(l.path)
	if err != nil {
		l.t.Error(err)
	}
	if err := os.WriteFile(l.shift(), text, 0o644); err != nil {
		l.t.Error(err)
	}
	time.Sleep(time.Duration(l.random.IntN(20)) * time.Millisecond)
	if err := os.Truncate(l.path, 0); err != nil {
		l.t.Error(err)
	}
}
