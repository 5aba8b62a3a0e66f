package tailer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rtcship/rtcship/tailer/internal/file"

	"github.com/rtcship/rtcship/tailer/internal/match"
)

// TestModel runs random sequences of what can happen to a log and to the
// tailer, on real files in fake time, and checks what must have arrived. A
// failure is shrunk. Without flags the sequences are always the same ones;
// -rapid.seed tries others and -rapid.checks says how many.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.seed"); f.Value.String() == f.DefValue {
		flag.Set("rapid.seed", "1")
		defer flag.Set("rapid.seed", f.DefValue)
	}
	rapid.Check(t, func(rt *rapid.T) {
		style := rapid.IntRange(0, len(styles)-1).Draw(rt, "style")
		naming := rapid.IntRange(0, len(namings)-1).Draw(rt, "naming")
		timed := rapid.Bool().Draw(rt, "timed")
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 40).Draw(rt, "steps")
		base := t.TempDir()
		defer os.RemoveAll(base)
		r := &recorder{log: os.Getenv("TAILER_LOG") != "", t: t}
		synctest.Test(t, func(t *testing.T) { runModel(r, base, style, naming, timed, steps) })
		if len(r.errs) > 0 {
			rt.Fatalf("%d %d %v %v\n%s", style, naming, timed, steps, strings.Join(r.errs[:min(len(r.errs), 8)], "\n"))
		}
	})
}

var stepsFlag = flag.String("steps", "", "one sequence for TestModelSteps, as a failure of TestModel shows it: style naming timed [steps]")

// TestModelSteps runs the one sequence that -steps gives.
func TestModelSteps(t *testing.T) {
	if *stepsFlag == "" {
		t.Skip("-steps is not set")
	}
	runSteps(t, *stepsFlag)
}

// runSteps runs a sequence of the model that is written down.
func runSteps(t *testing.T, text string) {
	t.Helper()
	var style, naming int
	var timed bool
	head, list, _ := strings.Cut(text, "[")
	if _, err := fmt.Sscan(head, &style, &naming, &timed); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	var steps []step
	for w := range strings.FieldsSeq(strings.TrimSuffix(list, "]")) {
		var s step
		name, args, _ := strings.Cut(w, "(")
		if _, err := fmt.Sscanf(args, "%d,%d)", &s.a, &s.b); err != nil {
			t.Fatalf("%q: %v", w, err)
		}
		s.what = name
		steps = append(steps, s)
	}
	r := &recorder{log: os.Getenv("TAILER_LOG") != "", t: t}
	base := t.TempDir()
	synctest.Test(t, func(*testing.T) { runModel(r, base, style, naming, timed, steps) })
	for _, e := range r.errs[:min(len(r.errs), 8)] {
		t.Error(e)
	}
}

// A recorder keeps errors, since inside a bubble a test cannot be failed for
// rapid to see.
type recorder struct {
	errs []string
	log  bool
	t    *testing.T
}

func (r *recorder) Helper()                      {}
func (r *recorder) Errorf(f string, args ...any) { r.errs = append(r.errs, fmt.Sprintf(f, args...)) }
func (r *recorder) Error(args ...any)            { r.errs = append(r.errs, fmt.Sprint(args...)) }
func (r *recorder) Fatal(args ...any)            { r.errs = append(r.errs, fmt.Sprint(args...)) }
func (r *recorder) Log(args ...any) {
	if r.log {
		fmt.Fprintln(os.Stderr, args...)
	}
}

// A step is something that happens. What a and b mean depends on it.
type step struct {
	what string
	a, b int
}

func (s step) String() string { return fmt.Sprintf("%s(%d,%d)", s.what, s.a, s.b) }

var stepNames = []string{
	"write", "write", "write", "write", "half", "half", "pass", "pass", "pass",
	"rename", "rename", "copytruncate", "copytruncate", "compress", "compress",
	"delete", "truncate", "hold", "release", "stop", "start", "kill", "away", "touch", "replace",
	"burst", "partly", "link",
	"alias", "hardlink", "foreign", "foreign", "copyaway", "out", "out", "few", "clock",
}

func drawStep(t *rapid.T) step {
	return step{
		what: rapid.SampledFrom(stepNames).Draw(t, "what"),
		a:    rapid.IntRange(0, 40).Draw(t, "a"),
		b:    rapid.IntRange(0, 7).Draw(t, "b"),
	}
}

// styles are what lines look like; %d is the number that tells them apart.
var styles = []struct{ head, line string }{
	{"", `{"timestamp":"2031-03-05T07:00:00.%06dZ","level":"info","msg":"something"}`},
	{"", "%d"},
	{"\n", "%d is the number of a line"},
	{strings.Repeat("every file of this log begins in the same way\n", 30), "line %d"},
	{strings.Repeat("=", 70) + "\n", strings.Repeat("long ", 100) + "%d"},
}

// namings are ways to name rotated files; %d counts from the oldest.
var namings = []func(oldest, newest int) string{
	func(_, n int) string { return fmt.Sprintf("sora.jsonl.%d", n) },
	func(o, _ int) string { return fmt.Sprintf("sora.jsonl-2031%04d", o) },
	func(o, _ int) string { return fmt.Sprintf("sora-2031%04d.jsonl", o) },
}

// A model is what must have arrived.
type model struct {
	*world
	style   int
	naming  int
	next    int              // number of the next line
	half    string           // the rest of a line that was half written
	halfID  int              // its number
	lines   map[string][]int // numbers of the lines in each file, by name
	old     []string         // rotated files, newest first
	count   int              // rotations so far
	lost    map[int]bool     // lines that may be missing
	running bool
	linked  bool                 // the live file has two names
	release func()               // of what is held; nil if nothing is
	killed  map[int]time.Time    // when a run ended with a kill
	little  map[int]bool         // lines that were in a file that nothing tells from its copy
	copied  map[int]int64        // lines of which there is a copy, and how long the shortest was
	aside   map[int]bool         // lines of which there is one under a name that nobody knows
	strange map[string]bool      // files that got a name that no rotation gives before anybody had looked
	unseen  map[string]bool      // files that nobody knew when the tailer ended, or were made since
	named   map[string]time.Time // when files got their names
	started time.Time            // when the tailer was started last
	ended   time.Time            // when it ended
	known   map[string]time.Time // from when on a running tailer knows files by their content; zero while they are too short
}

func runModel(r *recorder, base string, style, naming int, timed bool, steps []step) {
	dir := filepath.Join(base, "log")
	os.Mkdir(dir, 0o755)
	m := &model{
		world: newWorld(r, dir, filepath.Join(base, "state")),
		style: style, naming: naming, lines: map[string][]int{}, lost: map[int]bool{}, halfID: -1,
		killed: map[int]time.Time{}, little: map[int]bool{}, unseen: map[string]bool{}, known: map[string]time.Time{}, named: map[string]time.Time{},
		copied: map[int]int64{}, aside: map[int]bool{}, strange: map[string]bool{},
	}
	m.timed = timed
	m.mkdir("old")
	m.cfg.Sources[0].Include = []string{"old/*"}
	m.t.Log("start model", style, naming, timed)
	m.create()
	m.do(step{what: "start"})
	for _, s := range steps {
		m.t.Log("step", s)
		m.do(s)
		m.noteKnown()
		if len(r.errs) > 0 {
			break
		}
	}
	m.finish()
}

const live = "sora.jsonl"

// create makes the live file as a writer does that opens it anew.
func (m *model) create() {
	m.write(live, styles[m.style].head)
	m.lines[live] = nil
	m.begins()
	m.linked = false
}

// begins notes that the live file holds something new from now on.
func (m *model) begins() {
	m.unseen[live], m.known[live], m.strange[live] = !m.running, time.Time{}, false
}

func (m *model) do(s step) {
	switch s.what {
	case "write":
		m.endHalf()
		for range s.a + 1 {
			m.writeLine()
		}
	case "half":
		m.endHalf()
		text := m.text(m.next) + "\n"
		cut := 1 + s.a*(len(text)-1)/41
		m.write(live, text[:cut])
		m.half, m.halfID = text[cut:], m.next
		m.lines[live] = append(m.lines[live], m.next)
		m.next++
	case "pass":
		m.pass([]time.Duration{0, 30 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond, time.Second, 3 * time.Second, 7 * time.Second, 20 * time.Second}[s.b])
	case "rename":
		m.rotate(s.b, func(to string) { m.rename(live, to) })
	case "copytruncate":
		m.copyTruncate(s)
	case "compress":
		m.compressOne(s)
	case "delete":
		m.deleteOne(s)
	case "truncate":
		m.loseUnsent(live)
		m.noteGone(live)
		m.dropHalf()
		m.truncate(live)
		m.lines[live] = nil
		m.begins()
		m.write(live, styles[m.style].head)
	case "hold":
		if m.release == nil {
			m.release = m.hold()
		}
	case "release":
		m.letGo()
	case "stop":
		if m.running {
			m.end()
			m.running = false
			m.noteUnseen(0)
			m.ended = time.Now()
		}
	case "kill":
		if m.running {
			m.kill()
			m.killed[m.runs] = time.Now()
			m.running = false
			m.noteUnseen(unsaved)
			m.ended = time.Now()
		}
	case "start":
		if !m.running {
			m.begin()
			m.running, m.started = true, time.Now()
			m.pass(10 * time.Millisecond)
			m.noteSeen()
		}
	case "away":
		m.away(s)
	case "touch":
		if st, err := os.Stat(m.path(live)); err == nil { // the bubble's clock is not the file system's
			later := st.ModTime().Add(time.Millisecond)
			os.Chtimes(m.path(live), later, later)
		}
	case "replace":
		m.replace()
	case "burst":
		m.burst(s)
	case "partly":
		m.partly(s)
	case "link":
		m.rotate(0, func(to string) { m.linkAway(to, s) })
	default:
		m.doElsewhere(s)
	}
}

func (m *model) text(n int) string { return fmt.Sprintf(styles[m.style].line, n) }

func (m *model) writeLine() {
	m.write(live, m.text(m.next)+"\n")
	m.lines[live] = append(m.lines[live], m.next)
	m.next++
}

func (m *model) endHalf() {
	if m.halfID >= 0 {
		m.write(live, m.half)
		m.half, m.halfID = "", -1
	}
}

// dropHalf gives a half written line up: its writer has lost its place.
func (m *model) dropHalf() {
	if m.halfID >= 0 {
		m.lost[m.halfID] = true
		m.half, m.halfID = "", -1
	}
}

// rotate shifts the old files, moves the live one away and makes a new one.
func (m *model) rotate(late int, move func(to string)) {
	if m.halfID >= 0 {
		m.endHalf() // the writer's line ends in the file it began in
	}
	m.count++
	to := m.shift()
	move(to)
	m.called(to, live)
	m.old = append([]string{to}, m.old...)
	if late%2 == 1 { // the writer goes on in the old file for a moment
		m.write(to, m.text(m.next)+"\n")
		m.lines[to] = append(m.lines[to], m.next)
		m.next++
		m.pass(200 * time.Millisecond)
	}
	m.create()
}

// called notes that a file has another name now.
func (m *model) called(to, from string) {
	m.lines[to], m.unseen[to], m.known[to], m.strange[to] = m.lines[from], m.unseen[from], m.known[from], m.strange[from]
	m.named[to] = time.Now()
	if m.known[from].After(time.Now()) {
		m.known[to] = time.Now().Add(toldApart)
	}
}

// shift makes room for the newest old file and returns its name.
func (m *model) shift() string {
	name := namings[m.naming]
	if m.naming != 0 {
		return name(m.count, 1)
	}
	for i := len(m.old) - 1; i >= 0; i-- {
		if !strings.HasPrefix(m.old[i], live) {
			continue // it was moved out of the way
		}
		ext := filepath.Ext(m.old[i])
		if ext != ".gz" && ext != ".zst" {
			ext = ""
		}
		to := name(0, i+2) + ext
		if to == m.old[i] {
			continue
		}
		m.rename(m.old[i], to)
		m.called(to, m.old[i])
		delete(m.lines, m.old[i])
		m.old[i] = to
	}
	return name(0, 1)
}

func (m *model) copyTruncate(s step) {
	m.endHalf()
	m.count++
	to := m.shift()
	m.copyLive(to)
	m.called(to, live)
	m.lines[to] = slices.Clone(m.lines[live])
	m.old = append([]string{to}, m.old...)
	if s.b%3 == 1 { // lost unless it is read in time
		for range s.a/8 + 1 {
			m.lost[m.next] = true
			m.writeLine()
		}
	}
	if s.b%2 == 1 {
		m.pass(time.Duration(s.a) * 20 * time.Millisecond)
	}
	m.truncate(live)
	m.lines[live] = nil
	m.begins()
	m.write(live, styles[m.style].head)
}

// plainOld picks a rotated file that is not compressed: its place among the old
// ones and its name, "" if the one picked is none.
func (m *model) plainOld(s step) (i int, name string) {
	if len(m.old) == 0 {
		return 0, ""
	}
	i = s.a % len(m.old)
	if name = m.old[i]; strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".zst") {
		return i, ""
	}
	return i, name
}

func (m *model) compressOne(s step) {
	i, from := m.plainOld(s)
	if from == "" {
		return
	}
	to := from + []string{".gz", ".zst"}[s.b%2]
	m.noteLeft(from, to)
	m.pack(from, to)
	if s.b >= 4 {
		m.pass(time.Duration(s.a) * 100 * time.Millisecond)
	}
	m.remove(from)
	m.called(to, from)
	delete(m.lines, from)
	m.old[i] = to
}

// burst rotates several times, faster than anybody looks.
func (m *model) burst(s step) {
	m.endHalf()
	for range 2 + s.b%3 {
		for range s.a % 7 {
			m.writeLine()
		}
		m.rotate(0, func(to string) { m.rename(live, to) })
	}
}

// partly writes an archive slowly, perhaps past a kill, and removes the file it
// was made of.
func (m *model) partly(s step) {
	i, from := m.plainOld(s)
	if from == "" {
		return
	}
	ext := []string{".gz", ".zst"}[s.b%2]
	to := from + ext
	m.noteLeft(from, to)
	m.pack(from, "whole"+ext)
	whole, err := os.ReadFile(m.path("whole" + ext))
	if err != nil {
		m.t.Fatal(err)
	}
	m.remove("whole" + ext)
	running := m.running
	for n, end := range []int{len(whole) * s.a / 80, len(whole) * s.a / 41} {
		m.writeAll(to, whole[:end])
		m.pass(time.Duration(s.a) * 50 * time.Millisecond)
		if n == 0 && s.b&2 != 0 {
			m.do(step{what: "kill"})
		}
		if n == 1 && running && s.b&4 != 0 {
			m.do(step{what: "start"})
		}
	}
	m.writeAll(to, whole)
	if st, err := os.Stat(m.path(from)); err == nil {
		os.Chtimes(m.path(to), st.ModTime(), st.ModTime())
	}
	m.remove(from)
	m.called(to, from)
	delete(m.lines, from)
	m.old[i] = to
	if running {
		m.do(step{what: "start"})
	}
}

func (m *model) writeAll(name string, b []byte) {
	if err := os.WriteFile(m.path(name), b, 0o644); err != nil {
		m.t.Fatal(err)
	}
	m.stamp(name)
}

// linkAway gives the live file another name, and takes its own away a moment
// later.
func (m *model) linkAway(to string, s step) {
	if err := os.Link(m.path(live), m.path(to)); err != nil {
		m.t.Fatal(err)
	}
	m.pass(time.Duration(s.a) * 50 * time.Millisecond)
	if s.b&1 != 0 {
		m.writeLine()
	}
	if s.b&2 != 0 {
		m.pass(time.Duration(s.a) * 10 * time.Millisecond)
	}
	m.remove(live)
}

// deleteOne removes an old file. What it holds may be lost if nobody has had
// the time to open it.
func (m *model) deleteOne(s step) {
	if len(m.old) == 0 {
		return
	}
	if m.running {
		m.pass(8 * time.Second)
	}
	i := s.a % len(m.old)
	if !m.running || m.release != nil {
		m.loseUnsent(m.old[i])
	}
	m.noteGone(m.old[i])
	m.remove(m.old[i])
	m.old = slices.Delete(m.old, i, i+1)
}

// loseUnsent allows for the loss of what was not delivered from a file.
func (m *model) loseUnsent(name string) {
	for _, n := range m.lines[name] {
		m.lost[n] = true
	}
}

// away moves the whole directory out of sight for a while.
func (m *model) away(s step) {
	hidden := m.dir + ".away"
	os.Rename(m.dir, hidden)
	var unseen []string
	for name := range m.named {
		if m.ofAnother(name) {
			unseen = append(unseen, name)
		}
	}
	m.pass(time.Duration(s.a) * 200 * time.Millisecond)
	os.Rename(hidden, m.dir)
	for _, name := range unseen {
		m.named[name] = time.Now()
	}
}

// replace puts a copy of the live file in its place, as some editors do.
func (m *model) replace() {
	if m.linked {
		return // what the link keeps goes on as well, and nothing tells which of both the writer means
	}
	m.endHalf()
	m.pass(1500 * time.Millisecond)
	m.copyLive("tmp")
	m.rename("tmp", live)
}

// copyLive copies the live file.
func (m *model) copyLive(to string) {
	m.noteCopy(live)
	m.copy(live, to)
}

// noteCopy notes that a copy is made of a file, and whether nothing tells the two
// apart: see docs/decisions/0009.
func (m *model) noteCopy(name string) {
	size := m.size(name)
	for _, n := range m.lines[name] {
		if c, ok := m.copied[n]; !ok || size < c {
			m.copied[n] = size
		}
		m.little[n] = m.little[n] || size < match.Little
	}
	m.noteStrange(name)
}

// noteForeign notes that a file has a name by which nobody knows it. Of one that has
// it before anybody has looked a kilobyte is needed to tell its copies, then and later.
func (m *model) noteForeign(name string) {
	m.strange[name] = m.strange[name] || m.isNew(name)
	m.noteStrange(name)
}

// noteGone notes that what a file holds is about to be gone. If nobody has looked at it,
// copies are all there is, under names that nobody knows.
func (m *model) noteGone(name string) {
	for _, n := range m.lines[name] {
		if m.aside[n] && m.copied[n] < file.HeadBytes && m.isNew(name) {
			m.little[n] = true
		}
	}
}

func (m *model) noteStrange(name string) {
	for _, n := range m.lines[name] {
		if size, ok := m.copied[n]; ok && size < file.HeadBytes && m.strange[name] {
			m.little[n] = true
		}
	}
}

// noteLeft notes that a file is about to lose the name under which it is to be known,
// to a copy or an archive: if it has another name, which nobody knows, it stays under
// that.
func (m *model) noteLeft(name, to string) {
	if st, err := file.StatPath(m.path(name)); err == nil && st.Nlink > 1 {
		m.noteForeign(name)
		m.noteCopy(name)
		for _, n := range m.lines[name] {
			m.little[n] = m.little[n] || strings.HasPrefix(to, "old/"+live) // never joined by content while both are there
		}
	}
	m.noteTold(name)
}

// noteTold notes which lines of a file that is packed or copied under the name of another
// log nothing tells: those in its first 128 bytes, if it has no more or if no more was
// known of it when the tailer ended.
func (m *model) noteTold(name string) {
	if !m.ofAnother(name) || m.size(name) >= match.Little && !m.unseen[name] {
		return
	}
	at := len(styles[m.style].head)
	for _, n := range m.lines[name] {
		if at += len(m.text(n)) + 1; at <= match.Little {
			m.little[n] = true
		}
	}
}

// ofAnother says whether a file has the name of another log, and nobody has seen it
// there.
func (m *model) ofAnother(name string) bool {
	until, since := time.Now(), m.named[name]
	if !m.running {
		until = m.ended
	}
	if since.Before(m.started) {
		since = m.started
	}
	return !strings.HasPrefix(name, "sora.jsonl") && !strings.HasPrefix(name, "sora-2031") && until.Sub(since) < 2*time.Second
}

// isNew says whether nobody has had the time to look at what a file holds.
func (m *model) isNew(name string) bool {
	return m.unseen[name] || m.running && (m.known[name].IsZero() || time.Now().Before(m.known[name]))
}

// How soon it is known what a file holds: the live one, and one with another name.
const (
	lookedAt  = 200 * time.Millisecond
	toldApart = 8 * time.Second
)

// size is how long a file is, 0 if it is not there.
func (m *model) size(name string) int64 {
	st, err := os.Stat(m.path(name))
	if err != nil {
		return 0
	}
	return st.Size()
}

// noteKnown notes which files have become long enough to tell them by.
func (m *model) noteKnown() {
	for _, name := range append([]string{live}, m.old...) {
		if m.size(name) < match.Little || !m.known[name].IsZero() {
			continue
		}
		if m.known[name] = time.Now().Add(toldApart); name == live {
			m.known[name] = time.Now().Add(lookedAt)
		}
	}
}

// noteUnseen notes which files nobody knows by their content once the tailer has
// ended: what was known for less than within is not saved.
func (m *model) noteUnseen(within time.Duration) {
	for _, name := range append([]string{live}, m.old...) {
		m.unseen[name] = m.unseen[name] || m.known[name].IsZero() || time.Now().Before(m.known[name].Add(within))
	}
}

// noteSeen notes that the tailer looks at what nobody has looked at.
func (m *model) noteSeen() {
	for name, unseen := range m.unseen {
		if unseen {
			m.known[name] = time.Time{}
		}
	}
	clear(m.unseen)
}

func (m *model) letGo() {
	if m.release != nil {
		m.release()
		m.release = nil
	}
}

// finish lets everything arrive and checks it.
func (m *model) finish() {
	m.endHalf()
	m.do(step{what: "start"})
	m.letGo()
	m.pass(30 * time.Second)
	m.drain()
	m.check()
}

func (m *model) check() {
	number := map[string]int{}
	for i := range m.next {
		number[m.text(i)] = i
	}
	heads := map[string]bool{}
	for h := range strings.Lines(styles[m.style].head) {
		heads[strings.TrimSuffix(h, "\n")] = true
	}
	first, settled := map[int]received{}, map[int]bool{}
	for _, r := range m.sink.all() {
		if heads[r.text] {
			continue
		}
		n, ok := number[r.text]
		if !ok {
			m.partOfLost(r)
			continue
		}
		settled[n] = settled[n] || !r.settled.IsZero()
		f, again := first[n]
		if !again {
			first[n] = r
			continue
		}
		switch {
		case f.gen != r.gen || f.offset != r.offset:
			if !m.alike(n, f, r) {
				m.t.Errorf("line %d came twice with different uids: %s+%d from %s in run %d, %s+%d from %s in run %d",
					n, f.gen[:6], f.offset, f.path, f.run, r.gen[:6], r.offset, r.path, r.run)
			}
		case !m.explained(f, r):
			m.t.Errorf("line %d came twice from %s and %s in runs %d and %d without a crash between", n, f.path, r.path, f.run, r.run)
		}
		first[n] = r
	}
	for i := range m.next {
		if _, ok := first[i]; !ok && !m.lost[i] {
			m.t.Errorf("line %d is missing", i)
		} else if ok && !settled[i] && !m.lost[i] {
			m.t.Errorf("line %d was handed on, never settled, and not handed on again", i)
		}
	}
}

// alike says whether a line may come twice under different uids, since nothing
// tells the files apart: see docs/decisions/0009. Either it was in a file of
// less than match.Little that was copied, or of less than a kilobyte that was moved
// to a foreign name before anybody looked; or all files of the log begin with
// the same kilobyte and more, and a kill came before the first checkpoint after
// the line was handed on.
func (m *model) alike(n int, f, r received) bool {
	if m.little[n] {
		return true
	}
	kill, ok := m.killed[f.run]
	return ok && f.run != r.run && len(styles[m.style].head) > file.HeadBytes &&
		kill.Sub(f.handed) <= unsaved
}

// unsaved is for how long a position may be settled and not saved.
const unsaved = time.Second + 100*time.Millisecond

// explained says whether the same record may come again: in a later run, if it
// was not settled in the earlier one, or settled shortly before a kill.
func (m *model) explained(f, r received) bool {
	if f.run == r.run {
		return false
	}
	kill, ok := m.killed[f.run]
	return f.settled.IsZero() || ok && kill.Sub(f.settled) <= unsaved
}

// partOfLost accepts a part of a line that was lost with its file.
func (m *model) partOfLost(r received) {
	for n := range m.lost {
		if strings.HasPrefix(m.text(n), r.text) {
			return
		}
	}
	m.t.Errorf("was not written: %.60q from %s+%d in run %d", r.text, r.path, r.offset, r.run)
}
