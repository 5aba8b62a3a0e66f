package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// doElsewhere does what concerns other names, other directories and the machine.
func (m *model) doElsewhere(s step) {
	switch s.what {
	case "alias": // a link that stays is the same log under another name
		os.Remove(m.path("latest.jsonl"))
		to := []string{live, m.path(live), filepath.Join("old", "..", live)}[s.a%3]
		if s.b%4 != 3 {
			m.symlink(to, "latest.jsonl")
		}
	case "hardlink":
		m.count++
		m.linked = true
		m.link(live, fmt.Sprintf("hard%d.jsonl", m.count))
	case "foreign":
		m.foreign(s)
	case "copyaway":
		m.endHalf()
		m.count++
		for _, n := range m.lines[live] {
			m.aside[n] = true
		}
		m.copyLive(fmt.Sprintf([]string{"copy%d.jsonl", "sora-backup%d.jsonl", "old/copy%d.log", "old/sora%da.jsonl"}[s.b%4], m.count))
	case "out":
		m.out(s)
	case "few": // with the next start
		m.cfg.OpenFiles = []int{2, 3, 5, 0}[s.b%4]
	case "clock":
		m.clock(s)
	}
}

// foreign moves the live file, or a rotated one, to a name that no rotation gives.
func (m *model) foreign(s step) {
	m.count++
	to := fmt.Sprintf([]string{"x%d.jsonl", "sora-old%d.jsonl", "x%d.log", "zz %d.log"}[s.b%4], m.count)
	if s.b < 4 {
		m.rotateTo(to, s.a)
		return
	}
	m.moveOld(s, to)
}

// rotateTo moves the live file away; its writer may go on in it for a moment.
func (m *model) rotateTo(to string, late int) {
	m.endHalf()
	m.rename(live, to)
	m.called(to, live)
	m.noteForeign(to)
	m.old = append([]string{to}, m.old...)
	if late%3 == 1 {
		m.pass(time.Duration(late) * 40 * time.Millisecond)
		m.write(to, m.text(m.next)+"\n")
		m.lines[to] = append(m.lines[to], m.next)
		m.next++
		m.pass(200 * time.Millisecond)
	}
	m.create()
}

// moveOld gives a rotated file that is not compressed another name.
func (m *model) moveOld(s step, to string) {
	i, from := m.plainOld(s)
	if from == "" {
		return
	}
	m.rename(from, to)
	m.called(to, from)
	m.noteForeign(to)
	delete(m.lines, from)
	m.old[i] = to
}

// out moves a file into the other directory, or out of it into the log directory,
// perhaps as a copy whose original goes.
func (m *model) out(s step) {
	m.count++
	to := fmt.Sprintf([]string{"old/sora.jsonl.%d", "old/y%d.jsonl", "old/sora-%d.log"}[s.a%3], m.count)
	if s.b < 3 {
		m.rotateTo(to, s.a)
		return
	}
	i, from := m.plainOld(s)
	if from == "" {
		return
	}
	if filepath.Dir(from) == "old" {
		to = fmt.Sprintf("back%d.jsonl", m.count)
	}
	if s.b%2 == 0 {
		m.moveOld(s, to)
		return
	}
	m.noteLeft(from, to)
	m.noteCopy(from)
	m.copy(from, to)
	m.pass(time.Duration(s.a) * 30 * time.Millisecond)
	m.remove(from)
	m.called(to, from)
	m.noteForeign(to)
	m.noteTold(to)
	delete(m.lines, from)
	m.old[i] = to
}

// clock boots the machine: all that was written so far is of a clock that was wrong, or
// is from now on.
func (m *model) clock(s step) {
	if !m.timed || m.running {
		return
	}
	m.boots++
	by := []time.Duration{26 * time.Hour, -26 * time.Hour, 5 * time.Minute, -5 * time.Minute}[s.b%4]
	shift := func(at time.Time) time.Time { return at.Add(by) }
	shifted := map[file.Key]bool{} // a file may have several names
	for _, dir := range []string{"", "old"} {
		entries, _ := os.ReadDir(m.path(dir))
		for _, e := range entries {
			path := m.path(filepath.Join(dir, e.Name()))
			if st, err := file.StatPath(path); err == nil && !shifted[st.Key] {
				shifted[st.Key] = true
				at := shift(time.Unix(0, st.Mtime))
				os.Chtimes(path, at, at)
			}
		}
	}
	path := filepath.Join(m.cfg.StateDir, saved.PositionsFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return // nothing was saved so far
	}
	text := anyTime.ReplaceAllStringFunc(string(b), func(s string) string {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil || at.Year() < 1990 {
			return s
		}
		return shift(at).Format(time.RFC3339Nano)
	})
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}
