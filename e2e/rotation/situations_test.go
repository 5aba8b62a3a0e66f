package rotation

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A situation is what people and programs do to a log directory, other than
// rotating. It is tried on the program itself: while it runs, while it is stopped
// and after it was killed. Every line arrives, under one uid.
type situation struct {
	name  string
	setup func(s *stage) // before the first start; nil: sora.jsonl has lines
	move  func(s *stage)
	after func(s *stage) // what is written later; nil: sora.jsonl goes on
	only  string         // the one of running, stopped and killed in which no line is lost by its nature
}

var situations = []situation{
	{name: "links are there from the start", setup: func(s *stage) {
		s.put("sora.jsonl")
		s.symlink("sora.jsonl", "latest.jsonl")
		s.link("sora.jsonl", "hard.jsonl")
		s.symlink(s.path("latest.jsonl"), "a.log")
	}, move: func(s *stage) { s.put("sora.jsonl", "hard.jsonl") }},
	{name: "links are made", move: func(s *stage) {
		s.symlink("sora.jsonl", "latest.jsonl")
		s.link("sora.jsonl", "hard.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "link to the current file, as ..data", only: "running", setup: func(s *stage) {
		s.mkdir("..2026_11_01")
		s.symlink("..2026_11_01", "..data")
		s.symlink("..data/sora.jsonl", "sora.jsonl")
		s.put("..2026_11_01/sora.jsonl")
	}, move: func(s *stage) {
		s.put("..2026_11_01/sora.jsonl")
		s.mkdir("..2026_11_02")
		s.put("..2026_11_02/sora.jsonl")
		s.remove("..data")
		s.symlink("..2026_11_02", "..data")
	}},
	{name: "moved aside under a foreign name", move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora-backup.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "moved aside under a name without anything of its own", move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "x.jsonl")
		s.put("x.jsonl", "sora.jsonl")
	}},
	{name: "copied under a foreign name", move: func(s *stage) { s.copy("sora.jsonl", "before-upgrade.jsonl") }},
	{name: "copied twice, and one packed", move: func(s *stage) {
		s.copy("sora.jsonl", "one.jsonl")
		s.copy("sora.jsonl", "two.jsonl")
		s.compress("two.jsonl")
	}},
	{name: "copied and the copy goes on", move: func(s *stage) {
		s.copy("sora.jsonl", "copy.jsonl")
		s.put("copy.jsonl", "sora.jsonl")
	}},
	{name: "hard link, then packed under the other name", move: func(s *stage) {
		s.link("sora.jsonl", "keep.jsonl")
		s.put("sora.jsonl")
		s.compress("keep.jsonl")
	}},
	{name: "rotated into another directory", setup: func(s *stage) {
		s.mkdir("old")
		s.sora = `, include: ["old/*"]`
		s.put("sora.jsonl")
	}, move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "old/sora.jsonl.1")
		s.put("sora.jsonl")
	}},
	{name: "rotated into another directory and packed", setup: func(s *stage) {
		s.mkdir("old")
		s.sora = `, include: ["old/*"]`
		s.put("sora.jsonl")
	}, move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "old/sora.jsonl-20261127")
		s.compress("old/sora.jsonl-20261127")
		s.put("sora.jsonl")
	}},
	{name: "one directory for two sources", setup: func(s *stage) {
		s.more = fmt.Sprintf("pexip: {files: [%q]}\n", s.path("*.jsonl"))
		s.put("sora.jsonl")
	}, move: func(s *stage) { s.put("sora.jsonl") }},
	{name: "connection files replaced and renamed", setup: func(s *stage) {
		s.mkdir("connection_created_wait_timeout_error")
		s.put("sora.jsonl")
		for _, name := range []string{"a", "b"} {
			s.append("connection_created_wait_timeout_error/"+name+".jsonl", s.lines(1))
		}
	}, move: func(s *stage) {
		time.Sleep(2 * time.Second) // they are settled
		s.remove("connection_created_wait_timeout_error/a.jsonl")
		s.put("connection_created_wait_timeout_error/a.jsonl")
		s.rename("connection_created_wait_timeout_error/b.jsonl", "connection_created_wait_timeout_error/c.jsonl")
	}},
	{name: "rotated to a date with a time zone", move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.2026-11-27T06:00:00+09:00")
		s.put("sora.jsonl")
	}},
	{name: "rotated to .old", move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.old")
		s.put("sora.jsonl")
	}},
	{name: "edited in place", move: func(s *stage) { s.shell("sed -i -e '' sora.jsonl") }},
	{name: "backups of an editor", move: func(s *stage) {
		s.shell("for name in sora.jsonl~ .sora.jsonl.swp '#sora.jsonl#' sora.jsonl.bak 'sora (1).jsonl'; do cp sora.jsonl \"$name\"; done")
	}},
	{name: "packed beside itself", move: func(s *stage) {
		s.put("sora.jsonl")
		s.shell("gzip -k sora.jsonl")
	}},
	{name: "packed into an archive of files", move: func(s *stage) { s.shell("tar cf all.tar sora.jsonl; tar czf all.tar.gz sora.jsonl") }},
	{name: "date within the name, packed", move: func(s *stage) {
		s.put("sora.jsonl")
		s.rename("sora.jsonl", "sora-20261127.jsonl")
		s.compress("sora-20261127.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "hard link in place of a rename", move: func(s *stage) {
		s.link("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl.1")
		s.remove("sora.jsonl")
		s.put("sora.jsonl")
	}},
	{name: "two logs swapped", setup: func(s *stage) { s.put("sora.jsonl", "signaling.jsonl") }, move: func(s *stage) {
		s.shell("mv sora.jsonl t; mv signaling.jsonl sora.jsonl; mv t signaling.jsonl")
		s.put("sora.jsonl", "signaling.jsonl")
	}},
	{name: "directory moved and put back", move: func(s *stage) {
		away := filepath.Join(s.dir, "away")
		s.rename(s.logs, away)
		time.Sleep(3 * time.Second) // it is missed
		s.put(filepath.Join(away, "sora.jsonl"))
		s.rename(away, s.logs)
	}},
	{name: "directory replaced by a new one", only: "running", move: func(s *stage) {
		s.shell("mv ../log ../away; mkdir ../log")
		s.put(s.dir+"/away/sora.jsonl", "sora.jsonl")
	}},
	{name: "directory replaced by its copy", move: func(s *stage) {
		s.shell("cp -a ../log ../copy; rm -r ../log; mv ../copy ../log")
		s.put("sora.jsonl")
	}},
	{name: "directory is a link that leads to a copy", setup: func(s *stage) {
		s.shell("mv ../log ../a; ln -s a ../log")
		s.put("sora.jsonl")
	}, move: func(s *stage) {
		s.shell("cp -a ../a ../b; ln -sfn b ../log")
		s.put("sora.jsonl")
	}},
	{name: "moved out of the directory while its writer goes on", only: "running", move: func(s *stage) {
		s.rename("sora.jsonl", filepath.Join(s.dir, "away.jsonl"))
		time.Sleep(8 * time.Second) // longer than a deleted file was once held
		s.put(filepath.Join(s.dir, "away.jsonl"))
	}},
	{name: "times hours ahead", setup: func(s *stage) {
		s.put("sora.jsonl")
		s.ahead("sora.jsonl")
	}, move: func(s *stage) {
		s.put("sora.jsonl")
		s.ahead("sora.jsonl")
		s.rename("sora.jsonl", "sora.jsonl.1")
		s.put("sora.jsonl")
	}},
	{name: "copied back and truncated by a writer without O_APPEND", only: "running", move: func(s *stage) {
		size := s.size("sora.jsonl")
		s.copy("sora.jsonl", "sora.jsonl.1")
		s.do(os.Truncate(s.path("sora.jsonl"), 0))
		time.Sleep(2 * time.Second)
		f, err := os.OpenFile(s.path("sora.jsonl"), os.O_WRONLY, 0)
		s.do(err)
		defer f.Close()
		_, err = f.WriteAt([]byte(s.lines(8)), size)
		s.do(err)
	}},
}

func (s *stage) ahead(name string) {
	s.Helper()
	then := time.Now().Add(5 * time.Hour)
	s.do(os.Chtimes(s.path(name), then, then))
}

func (s *stage) size(name string) int64 {
	s.Helper()
	info, err := os.Stat(s.path(name))
	s.do(err)
	return info.Size()
}

func TestSituations(t *testing.T) {
	for _, one := range situations {
		for _, when := range []string{"running", "stopped", "killed"} {
			if one.only != "" && one.only != when {
				continue
			}
			t.Run(one.name+"/"+when, func(t *testing.T) {
				t.Parallel()
				one.play(newStage(t), when)
			})
		}
	}
}

func (one situation) play(s *stage, when string) {
	goesOn := func(s *stage) { s.put("sora.jsonl") }
	if one.setup == nil {
		one.setup = goesOn
	}
	if one.after == nil {
		one.after = goesOn
	}
	one.setup(s)
	s.configure()
	s.ship.Start(s)
	s.arrived()
	time.Sleep(2 * time.Second) // it is saved
	switch when {
	case "stopped":
		s.ship.Stop(s)
	case "killed":
		s.ship.Kill(s)
	}
	one.move(s)
	if when != "running" {
		s.ship.Start(s)
	}
	s.arrived()
	one.after(s)
	s.arrived()
	s.quiet()
	s.ship.Settled(s)
	s.ship.Stop(s)
	s.ship.Start(s)
	s.put("sora.jsonl")
	s.arrived()
	s.quiet()
	s.ship.Stop(s)
}

// TestOtherPath starts rtcship on the same state with the log directory under another path.
func TestOtherPath(t *testing.T) {
	for name, other := range map[string]func(s *stage) string{
		"dots":          func(s *stage) string { return s.dir + "/log/../log/." },
		"symbolic link": func(s *stage) string { s.symlink(s.logs, s.dir+"/link"); return s.dir + "/link" },
		"moved":         func(s *stage) string { s.rename(s.logs, s.dir+"/moved"); return s.dir + "/moved" },
		"bind mount":    func(s *stage) string { return s.bind() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.put("sora.jsonl", "signaling.jsonl")
			s.configure()
			s.ship.Start(s)
			s.arrived()
			time.Sleep(2 * time.Second)
			s.ship.Stop(s)
			s.put("sora.jsonl", "signaling.jsonl")
			s.logs = other(s)
			s.configure()
			s.ship.Start(s)
			s.put("sora.jsonl")
			s.arrived()
			s.quiet()
			s.ship.Stop(s)
		})
	}
}

func (s *stage) bind() string {
	s.Helper()
	if os.Geteuid() != 0 {
		s.Skip("a bind mount needs root")
	}
	to := s.dir + "/bound"
	s.mkdir(to)
	if err := syscall.Mount(s.logs, to, "", syscall.MS_BIND, ""); err != nil {
		s.Skipf("bind mounts are not allowed here: %v", err)
	}
	s.Cleanup(func() { _ = syscall.Unmount(to, syscall.MNT_DETACH) })
	return to
}

// TestFewDescriptors follows more logs than the process may have descriptors, by
// the kernel's own limit, while connections want theirs.
func TestFewDescriptors(t *testing.T) {
	s := newStage(t)
	addr := harness.FreeAddr(t)
	s.more = fmt.Sprintf("pexip: {listen: [\"tcp://%s\"], max_connections: 500}\n", addr)
	for i := range 200 {
		s.append(fmt.Sprintf("app%03d.jsonl", i), s.lines(2))
	}
	s.put("sora.jsonl")
	s.configure()
	limited := filepath.Join(s.dir, "limited")
	s.do(os.WriteFile(limited, []byte(fmt.Sprintf("#!/bin/sh\nulimit -n 96\nexec %q \"$@\"\n", harness.Binary(t))), 0o755))
	s.ship.Program = limited
	s.ship.Start(s)
	s.arrived()
	for range 200 { // they are taken and closed, or wait; they take nothing from the logs
		if c, err := net.Dial("tcp", addr); err == nil {
			defer c.Close()
		}
	}
	s.put("sora.jsonl")
	for i := range 200 {
		s.append(fmt.Sprintf("app%03d.jsonl", i), s.lines(1))
	}
	s.arrived()
	if open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.ship.Process().Pid())); err != nil || len(open) > 96 {
		t.Errorf("%d descriptors are open: %v", len(open), err)
	}
	s.rename("sora.jsonl", "sora.jsonl.1")
	s.put("sora.jsonl.1", "sora.jsonl")
	s.arrived()
	s.quiet()
	s.ship.Stop(s)
}

// TestFirstListing starts with `end` beside more rotated files than may be open at once.
func TestFirstListing(t *testing.T) {
	s := newStage(t)
	for i := range 700 {
		s.append(fmt.Sprintf("sora.jsonl.%d", i+1), fmt.Sprintf("{\"msg\":\"an old line, unlike %d others: %x\"}\n", i, i*7919)+
			strings.Repeat("{\"msg\":\"old\"}\n", 20+i%7))
	}
	s.append("sora.jsonl", "{\"msg\":\"old, and not to be sent\"}\n")
	s.sora = ", start: end"
	s.more = "limits: {open_files: 64}\n"
	s.configure()
	s.ship.Start(s)
	time.Sleep(3 * time.Second)
	s.put("sora.jsonl")
	s.arrived()
	s.quiet()
	if took := s.ship.Settled(s)["sora"].Accepted; took != int64(s.n) {
		t.Errorf("%d records were sent for %d new lines", took, s.n)
	}
	s.ship.Stop(s)
}

// TestLateDirectory starts with `end` before the directory is made, or readable.
func TestLateDirectory(t *testing.T) {
	t.Run("made later", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.remove(s.logs)
		s.sora = ", start: end"
		s.configure()
		s.ship.Start(s)
		time.Sleep(2 * time.Second)
		s.mkdir(s.logs)
		s.put("sora.jsonl")
		s.arrived()
		s.quiet()
		s.ship.Stop(s)
	})
	t.Run("readable later", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("needs root, to run rtcship as somebody else")
		}
		t.Parallel()
		s := newStage(t)
		s.sora = ", start: end"
		s.append("sora.jsonl", "{\"msg\":\"old, and not to be sent\"}\n")
		s.do(os.Chmod(s.path("sora.jsonl"), 0))
		s.configure()
		s.runAs(65534)
		s.ship.Start(s)
		time.Sleep(2 * time.Second)
		s.put("sora.jsonl")
		s.do(os.Chmod(s.path("sora.jsonl"), 0o644))
		s.arrived()
		s.quiet()
		if took := s.ship.Settled(s)["sora"].Accepted; took != int64(s.n) {
			t.Errorf("%d records were sent for %d new lines", took, s.n)
		}
		s.ship.Stop(s)
	})
}

// runAs has rtcship run as somebody else, who may read what the test made.
func (s *stage) runAs(id uint32) {
	s.Helper()
	s.ship.Credential = &syscall.Credential{Uid: id, Gid: id}
	for dir := s.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		s.do(os.Chmod(dir, 0o755))
	}
	s.do(os.Chmod(filepath.Dir(harness.Binary(s)), 0o755))
	state := filepath.Dir(s.ship.State)
	s.do(os.Chmod(filepath.Dir(state), 0o755))
	s.do(os.Chown(state, int(id), int(id)))
	s.do(os.Chown(s.ship.Config, int(id), int(id)))
}

// TestStateInLogs has the state directory be the log directory, or lie within it.
func TestStateInLogs(t *testing.T) {
	for name, within := range map[string]string{"the same": "", "within": "state", "by a link": "link"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.put("sora.jsonl")
			s.configure()
			if within == "link" {
				s.mkdir("real")
				s.ship.State = filepath.Join(s.dir, "elsewhere")
				s.symlink(s.path("real"), s.ship.State)
				s.sora = `, include: ["real/*"]`
			} else {
				s.ship.State = filepath.Join(s.logs, within)
				s.sora = `, include: ["state/*"]`
			}
			s.configure()
			out, err := exec.Command(harness.Binary(t), "check", "--config", s.ship.Config).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "state_dir") {
				t.Errorf("check says (%v):\n%s", err, out)
			}
			if s.ship.Start(s); within == "" {
				s.waitStatus("is the state directory, or within it") // and so not one log is followed
			} else {
				s.arrived()
				s.quiet()
				if took := s.ship.Settled(s)["sora"].Accepted; took != int64(s.n) {
					t.Errorf("%d records were sent for %d lines", took, s.n)
				}
			}
			s.ship.Stop(s)
		})
	}
}

// TestLinkOut has links that lead where nothing is to be read.
func TestLinkOut(t *testing.T) {
	s := newStage(t)
	s.put("sora.jsonl")
	outside := filepath.Join(s.dir, "outside.log")
	s.append(outside, "secret-outside\n")
	s.symlink("/proc/self/environ", "x.log")
	s.symlink(outside, "y.log")
	s.symlink("../outside.log", "z.jsonl")
	s.symlink("/proc/self/fd/0", "w.log")
	s.configure()
	s.ship.Start(s)
	s.symlink(filepath.Join(s.ship.State), "state")
	s.symlink(filepath.Join(s.ship.State, "positions.json"), "p.log")
	s.put("sora.jsonl")
	s.arrived()
	s.quiet()
	if took := s.ship.Settled(s)["sora"].Accepted; took != int64(s.n) {
		t.Errorf("%d records were sent for %d lines", took, s.n)
	}
	for _, name := range []string{"x.log", "y.log", "z.jsonl", "w.log", "p.log"} {
		s.waitStatus(name)
	}
	s.ship.Stop(s)
}

// TestStateEmptied empties the state directory under a running process.
func TestStateEmptied(t *testing.T) {
	s := newStage(t)
	addr := harness.FreeAddr(t)
	s.more = fmt.Sprintf("pexip: {listen: [\"tcp://%s\"]}\n", addr)
	s.put("sora.jsonl")
	s.configure()
	s.ship.Start(s)
	s.arrived()
	time.Sleep(2 * time.Second)
	entries, err := os.ReadDir(s.ship.State)
	s.do(err)
	for _, e := range entries {
		s.do(os.RemoveAll(filepath.Join(s.ship.State, e.Name())))
	}
	harness.Wait(t, 5*time.Second, "positions to be saved again", func() error {
		_, err := os.Stat(filepath.Join(s.ship.State, "positions.json"))
		return err
	}, s.ship.Process())
	second := exec.Command(harness.Binary(t), "run", "--config", s.ship.Config)
	if out, err := second.CombinedOutput(); err == nil {
		t.Errorf("a second process runs beside the first:\n%s", out)
	}
	s.put("sora.jsonl")
	s.arrived()
	s.ship.Kill(s)
	s.ship.Start(s)
	s.put("sora.jsonl")
	s.arrived()
	s.quiet()
	s.ship.Stop(s)
}

// TestBytesSaved has thousands of names come and go, and counts what is written to the state directory.
func TestBytesSaved(t *testing.T) {
	s := newStage(t)
	s.put("sora.jsonl")
	s.configure()
	s.ship.Start(s)
	s.arrived()
	before, began := s.written(), time.Now()
	const files = 2000
	for i := range files {
		name := fmt.Sprintf("job-%05d.jsonl", i)
		s.append(name, s.lines(1))
		if i >= 200 {
			s.remove(fmt.Sprintf("job-%05d.jsonl", i-200))
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.arrived()
	each := (s.written() - before) / files
	t.Logf("FIGURE %d bytes were written for each of %d files that came and went in %.1f s", each, files, time.Since(began).Seconds())
	if each > 12<<10 { // an entry of a checkpoint has some 1.5 KiB, whole pages are counted
		t.Errorf("%d bytes were written for each file", each)
	}
	s.ship.Stop(s)
}

// written is how many bytes the process has had written to disks.
func (s *stage) written() (n int64) {
	s.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", s.ship.Process().Pid()))
	s.do(err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			_, err := fmt.Sscan(rest, &n)
			s.do(err)
		}
	}
	return n
}
