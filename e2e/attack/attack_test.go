// Package attack does to rtcship what a peer, a file, an answer or a careless
// hand may do to it, and holds that nobody else notices: the others are served
// within a second, memory stays below 64 MiB, SIGTERM ends within drain_timeout,
// everything is counted, and the state says what is wrong.
package attack

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

var (
	within   = flag.Duration("within", time.Second, "the longest that others may wait, on a machine with nothing else to do")
	patience = flag.Duration("patience", 30*time.Second, "how long to wait for what is to come of an attack")
)

// drain is the drain_timeout of the attacked.
const drain = 10 * time.Second

// settling is how long the load runs before the attack: the first record waits for
// a file to be found and for a connection.
const settling = 2 * time.Second

// What is bearable on a machine that others use, too, is -within as many times as
// somebody who computes has to wait for a processor, or three times what people wait
// at the site that nobody attacks.

func TestMain(m *testing.M) { harness.Main(m) }

// An attack is one line of the table.
type attack struct {
	name   string
	grpc   bool   // deliver over gRPC, not HTTP
	config string // further configuration

	before func(t *testing.T, f *field)       // before the start
	strike func(t *testing.T, f *field)       // returns when the attack is under way or over
	lasts  time.Duration                      // how long the others go on meanwhile
	counts func(t *testing.T, f *field) error // nil once it is counted
	states string                             // one of which it is then
	says   string                             // in the status
	after  func(t *testing.T, f *field)       // ends the attack, before SIGTERM

	deaf bool // the collector takes nothing: nobody's records are waited for
}

func TestAttacks(t *testing.T) {
	for _, group := range [][]attack{inputs, spools, admins, answers, surroundings} {
		for _, a := range group {
			t.Run(a.name, func(t *testing.T) { a.run(t) })
		}
	}
}

func (a *attack) run(t *testing.T) {
	f := newField(t, a)
	if a.before != nil {
		a.before(t, f)
	}
	start := time.Now()
	f.ship.Launch(t)
	f.memory = watchMemory(t, f.ship.Process().Pid())
	f.ship.WaitReady(t)
	harness.Wait(t, *patience, "the admin listener", func() error { return ask(f.ship.Admin, "/healthz") }, f.ship.Process())
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v to listen", took)
	}
	f.calm.ship.Start(t)
	f.live(t)
	f.calm.live(t)
	share := watchShare()
	time.Sleep(settling) // no condition: the others do what they do without an attack
	f.struck = time.Now()
	a.strikeAndJudge(t, f)
	during, elsewhere := f.endLive(t, f.struck, !a.deaf), f.calm.endLive(t, f.struck, true)
	bearable := time.Duration(float64(*within) * share.end())
	for _, d := range elsewhere {
		bearable = max(bearable, 3*d.took)
	}
	for _, d := range during {
		t.Logf("%s waited %v at most of %v (%v)", d.what, d.took.Round(time.Millisecond), bearable.Round(time.Millisecond), d.err)
		if d.err != nil || d.took > bearable {
			t.Errorf("%s waited %v, %v; %v is bearable", d.what, d.took, d.err, bearable)
		}
	}
	a.end(t, f)
}

func (a *attack) strikeAndJudge(t *testing.T, f *field) {
	t.Helper()
	if a.strike != nil {
		a.strike(t, f)
	}
	time.Sleep(max(a.lasts, 2*time.Second)) // the others go on meanwhile
	if a.counts != nil {
		harness.Wait(t, *patience, "the count", func() error { return a.counts(t, f) }, f.ship.Process())
	}
	states := a.states
	if states == "" {
		states = "green"
	}
	harness.Wait(t, *patience, "the state", func() error { return f.says(states, a.says) }, f.ship.Process())
}

// end holds that the attacked ends in time, attack or not, and never took too much.
func (a *attack) end(t *testing.T, f *field) {
	t.Helper()
	if a.after != nil {
		a.after(t, f)
	}
	start := time.Now()
	f.ship.Process().Stop(t, drain+5*time.Second)
	most := f.memory.end()
	t.Logf("ended in %v, %.1f MiB at most", time.Since(start).Round(time.Millisecond), float64(most)/(1<<20))
	if most > limit {
		t.Errorf("it took %d MiB", most>>20)
	}
}

// repeat is s, n times over up to size bytes.
func repeat(s string, size int) string {
	b := make([]byte, 0, size)
	for len(b)+len(s) <= size {
		b = append(b, s...)
	}
	return string(b)
}

// rfc5424 is a message with a host name of its own.
func rfc5424(host, text string) string {
	return fmt.Sprintf("<134>1 2026-11-21T06:00:00Z %s app - - - %s", host, text)
}
