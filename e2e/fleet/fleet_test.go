package fleet

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// The limits.
const (
	connectWithin = 60 * time.Second
	settleWithin  = 30 * time.Second
	levelWithin   = 5 * time.Minute
	levelTo       = 0.25 // of each other
	drainShare    = 0.8  // of what the tier takes
	connectsPeak  = 3.0  // times the mean, in the busiest second
	idleBytes     = 100  // a second, of a member at the tier
	idleMemory    = 64 << 10
)

// within is how long something promised to take d may take here.
func within(d time.Duration) time.Duration { return time.Duration(float64(d) * *patience) }

// rounds is the time in which each member writes n lines, and never less than d: what
// is seen of a fleet is seen of what it sends.
func rounds(n int, d time.Duration) time.Duration { return max(d, time.Duration(n)**every) }

// lineBytes is about what a line takes at a backend.
const lineBytes = 500

// behind is how many lines each member has to catch up with.
func behind() int {
	if *backlog > 0 {
		return *backlog
	}
	return int(time.Hour / *every)
}

// TestFleet is one fleet in front of one tier, in all that happens to them.
func TestFleet(t *testing.T) {
	if os.Getenv(inside) == "" {
		t.Skip("it needs namespaces of its own")
	}
	tr := newTier(t, *collectors)
	tr.start(t)
	measure := 15 * time.Second
	if testing.Short() {
		measure, *idle = time.Second, 3*time.Second
	}
	takes := capacity(t, tr, measure)
	measured(t, "the tier takes %.2f MB/s behind %d collectors", takes/1e6, *collectors)
	f := newFleet(t, tr, *members)
	for _, m := range f.members { // each has something to say first
		f.line(t, m)
	}
	f.arrive(t, within(2*time.Minute))
	tr.stop(t) // what the measurement of its capacity took is not the members'
	tr.start(t)
	empty := tr.memory(t)
	for _, m := range f.members {
		f.line(t, m)
	}
	f.arrive(t, within(2*time.Minute))

	t.Run("idle", func(t *testing.T) { idleFleet(t, f, empty) })
	end := f.write(t)
	if testing.Short() {
		t.Run("added and taken", func(t *testing.T) { addedAndTaken(t, f) })
		end()
		f.arrive(t, within(time.Minute))
		return
	}
	t.Run("all restarted", func(t *testing.T) { allRestarted(t, f) })
	t.Run("one by one", func(t *testing.T) { oneByOne(t, f) })
	t.Run("added and taken", func(t *testing.T) { addedAndTaken(t, f) })
	t.Run("one slow", func(t *testing.T) { oneSlow(t, f) })
	t.Run("one refuses", func(t *testing.T) { oneRefuses(t, f) })
	t.Run("away", func(t *testing.T) { away(t, f, takes) })
	end()
	f.arrive(t, within(time.Minute))
}

// memory returns what each collector has.
func (tr *tier) memory(t testing.TB) (all int64) {
	for _, c := range tr.collectors {
		all += usageOf(t, c.process.Pid()).memory
	}
	return all
}

func idleFleet(t *testing.T, f *fleet, empty int64) {
	n := float64(len(f.members))
	cpu := func() (at, members time.Duration, wakeups int64) {
		for _, c := range f.tier.collectors {
			at += usageOf(t, c.process.Pid()).cpu
		}
		for _, m := range f.members {
			u := usageOf(t, m.process.Pid())
			members, wakeups = members+u.cpu, wakeups+u.wakeups
		}
		return at, members, wakeups
	}
	time.Sleep(within(5 * time.Second)) // connections to the tier that was restarted have been made by then
	c0, m0, w0 := cpu()
	to0, from0 := traffic()
	start := time.Now()
	time.Sleep(*idle)
	took := time.Since(start).Seconds()
	to1, from1 := traffic()
	c1, m1, w1 := cpu()
	bytes := float64(to1-to0+from1-from0) / n / took
	memory := float64(f.tier.memory(t)-empty) / n
	var own int64
	for _, m := range f.members {
		own += usageOf(t, m.process.Pid()).memory
	}
	measured(t, "an idle member, of %d with %d connections in all: %.1f B/s and %.1f KiB at the tier, %.4f %% of a core there; itself %.3f %% of a core, %.1f wake-ups a second, %.1f MiB",
		len(f.members), f.watch.connections(), bytes, memory/1024, (c1-c0).Seconds()/took/n*100, (m1-m0).Seconds()/took/n*100, float64(w1-w0)/n/took, float64(own)/n/(1<<20))
	if bytes >= idleBytes {
		t.Errorf("an idle member costs the tier %.1f B/s", bytes)
	}
	if memory >= idleMemory && len(f.members) >= 50 {
		t.Errorf("an idle member costs the tier %.1f KiB", memory/1024)
	}
}

// back checks what is promised of a tier that returns at that time.
func back(t *testing.T, f *fleet, returned time.Time) {
	t.Helper()
	harness.Wait(t, within(connectWithin)+*every, "all members to be connected", func() error {
		if n := len(f.watch.connected()); n < len(f.members) {
			return fmt.Errorf("%d of %d are", n, len(f.members))
		}
		return nil
	})
	var at []time.Time
	for _, c := range f.watch.connected() {
		at = append(at, c)
	}
	slices.SortFunc(at, time.Time.Compare)
	last := at[len(at)-1].Sub(returned)
	t.Logf("connected in each second after the return: %v", histogram(at, returned))
	measured(t, "%d members are connected %.1f s after the tier's return", len(at), last.Seconds())
	most, all, until := f.watch.busiest(returned)
	mean := float64(all) / max(until.Seconds(), 1)
	measured(t, "%d connects in %.1f s, %.1f a second; in the busiest second %d, that is %.1f times as many", all, until.Seconds(), mean, most, float64(most)/mean)
	if len(at) >= 50 && float64(most) > connectsPeak*mean {
		t.Errorf("%d connects in one second, %.1f times the mean", most, float64(most)/mean)
	}
}

// histogram counts times by the seconds that have passed since from.
func histogram(times []time.Time, from time.Time) []int {
	var h []int
	for _, at := range times {
		s := max(0, int(at.Sub(from)/time.Second))
		for len(h) <= s {
			h = append(h, 0)
		}
		h[s]++
	}
	return h
}

// settled checks that the lines since from do not take long; the last ones are
// waited for.
func settled(t *testing.T, f *fleet, from time.Time) {
	t.Helper()
	now := time.Now()
	d := f.delays(from, now)
	for d.missing > 0 && time.Since(now) < within(settleWithin) {
		time.Sleep(250 * time.Millisecond)
		d = f.delays(from, now)
	}
	measured(t, "the slowest line took %.1f s (%s)", d.longest.Seconds(), d.member)
	if d.longest > within(settleWithin) || d.missing > 0 {
		t.Errorf("a line of %s took %v, %d lines did not come", d.member, d.longest, d.missing)
	}
}

// once checks that nothing was sent twice since there were that many repeats.
func once(t *testing.T, f *fleet, before int) {
	t.Helper()
	if n := f.tier.books.again() - before; n > 0 {
		t.Errorf("%d lines came again", n)
	}
}

func allRestarted(t *testing.T, f *fleet) {
	time.Sleep(rounds(2, 3*time.Second))
	repeats, from := f.tier.books.again(), time.Now()
	f.tier.stop(t)
	f.watch.reset()
	time.Sleep(rounds(3, 10*time.Second))
	for _, c := range f.tier.collectors {
		c.launch(t)
	}
	f.tier.collectors[0].wait(t)
	returned := time.Now()
	back(t, f, returned)
	t.Logf("connections asked for in each second since the tier went, %.0f s before: %v", returned.Sub(from).Seconds(), f.watch.triesPerSecond(from))
	settled(t, f, from)
	once(t, f, repeats)
}

func oneByOne(t *testing.T, f *fleet) {
	repeats, from := f.tier.books.again(), time.Now()
	f.watch.reset()
	for _, c := range f.tier.collectors {
		c.stop(t)
		time.Sleep(2 * time.Second)
		c.launch(t)
		c.wait(t)
		time.Sleep(rounds(3, 8*time.Second))
	}
	most, all, _ := f.watch.busiest(from)
	measured(t, "%d connects, at most %d in a second", all, most)
	settled(t, f, from)
	once(t, f, repeats)
	level(t, f, f.tier.collectors)
}

// level waits until these collectors have loads that are within a quarter of each other.
func level(t *testing.T, f *fleet, list []*collector) {
	t.Helper()
	if len(list) < 2 {
		return
	}
	window := max(10*time.Second, 50**every/time.Duration(len(f.members))) // 50 lines, or what is between two of them is chance
	start := time.Now()
	for {
		before := f.tier.taken()
		time.Sleep(window)
		after := f.tier.taken()
		least, most := int64(1<<62), int64(0)
		for i, c := range f.tier.collectors {
			if slices.Contains(list, c) {
				least, most = min(least, after[i]-before[i]), max(most, after[i]-before[i])
			}
		}
		if float64(most-least) <= levelTo*float64(most) {
			measured(t, "loads are within %.0f %% of each other in the %v that end %.0f s later", 100*float64(most-least)/float64(most), window, time.Since(start).Seconds())
			return
		}
		if time.Since(start) > within(levelWithin) {
			t.Errorf("after %v the loads are still between %d and %d bytes in %v", time.Since(start), least, most, window)
			return
		}
	}
}

func addedAndTaken(t *testing.T, f *fleet) {
	n := len(f.tier.collectors)
	if n < 2 {
		t.Skip("one collector alone")
	}
	repeats, from := f.tier.books.again(), time.Now()
	last := f.tier.collectors[n-1]
	f.tier.publish(n - 1)
	look := rounds(2, 5*time.Second)
	quiet := func() error {
		before := last.backend.taken.Load()
		time.Sleep(look)
		if got := last.backend.taken.Load() - before; got > 0 {
			return fmt.Errorf("it got %d bytes in %v", got, look)
		}
		return nil
	}
	start := time.Now()
	harness.Wait(t, within(time.Minute), "the collector that was taken away to be left alone", quiet)
	measured(t, "a collector that was taken from the name gets nothing after %.0f s", (time.Since(start) - look).Seconds())
	last.stop(t)
	last.launch(t)
	last.wait(t)
	f.tier.publish(n)
	level(t, f, f.tier.collectors)
	settled(t, f, from)
	once(t, f, repeats)
}

func oneSlow(t *testing.T, f *fleet) {
	if len(f.tier.collectors) < 2 {
		t.Skip("one collector alone")
	}
	repeats, from := f.tier.books.again(), time.Now()
	slow := f.tier.collectors[0].backend
	share := lineBytes * float64(len(f.members)) / every.Seconds() / float64(len(f.tier.collectors))
	slow.rate.Store(max(1, int64(share/10)))
	time.Sleep(within(settleWithin) + rounds(2, *idle))
	d := f.delays(from, time.Now().Add(-within(settleWithin)))
	measured(t, "the slowest line took %.1f s, %d took longer than %v, %d came again", d.longest.Seconds(), d.missing, within(settleWithin), f.tier.books.again()-repeats)
	if d.missing > 0 {
		t.Errorf("%d lines waited for the slow collector", d.missing)
	}
	slow.rate.Store(int64(*rate))
	level(t, f, f.tier.collectors)
	f.arrive(t, within(time.Minute))
}

func oneRefuses(t *testing.T, f *fleet) {
	if len(f.tier.collectors) < 2 {
		t.Skip("one collector alone")
	}
	repeats, from := f.tier.books.again(), time.Now()
	c := f.tier.collectors[0]
	c.stop(t)
	c.launch(t, "MEMORY_LIMIT_MIB=2", "MEMORY_SPIKE_MIB=1")
	c.wait(t)
	time.Sleep(within(settleWithin) + rounds(2, *idle))
	settled(t, f, from)
	once(t, f, repeats)
	c.stop(t)
	c.launch(t)
	c.wait(t)
	level(t, f, f.tier.collectors)
}

func away(t *testing.T, f *fleet, takes float64) {
	repeats, from := f.tier.books.again(), time.Now()
	f.tier.stop(t)
	f.watch.reset()
	for _, m := range f.members {
		m.fallBehind(t, behind())
	}
	time.Sleep(*absence)
	before := sum(f.tier.taken())
	for _, c := range f.tier.collectors {
		c.launch(t)
	}
	f.tier.collectors[0].wait(t)
	returned := time.Now()
	back(t, f, returned)
	all := len(f.members) * behind() * lineBytes
	drained := drain(t, f, returned, before, time.Duration(float64(all)/takes*float64(time.Second)))
	share := float64(sum(f.tier.taken())-before) / drained.Seconds() / takes
	measured(t, "%d members with %d lines each to catch up: all drained %.1f s after the tier's return, at %.0f %% of what it takes; %d lines came again",
		len(f.members), behind(), drained.Seconds(), 100*share, f.tier.books.again()-repeats)
	f.watch.tell(t)
	last := slices.MaxFunc(slices.Collect(maps.Values(f.watch.connected())), time.Time.Compare).Sub(returned)
	measured(t, "the last member to deliver was connected %.1f s after the tier's return", last.Seconds())
	if last > within(connectWithin) {
		t.Errorf("a member could deliver only after %v", last)
	}
	if share < drainShare && float64(all) > 20*takes {
		t.Errorf("drained at %.0f %% of what the tier takes", 100*share)
	}
	settled(t, f, from)
	once(t, f, repeats)
}

// drain waits until all backlogs are there, and returns how long that took; the
// tier takes at least least for them.
func drain(t *testing.T, f *fleet, returned time.Time, before int64, least time.Duration) time.Duration {
	t.Helper()
	shown := time.Now()
	harness.Wait(t, within(connectWithin+settleWithin+3*least), "the backlogs", func() error {
		missing := missingOf(f)
		if time.Since(shown) > 5*time.Second {
			shown = time.Now()
			t.Logf("%.0f s: %d lines are to come, %.1f MB taken, %d came again", time.Since(returned).Seconds(), missing, float64(sum(f.tier.taken())-before)/1e6, f.tier.books.again())
		}
		if missing > 0 {
			return fmt.Errorf("%d lines are missing", missing)
		}
		return nil
	})
	return time.Since(returned)
}

// missingOf returns how many lines of the backlogs have not come.
func missingOf(f *fleet) (n int) {
	for _, m := range f.members {
		n += f.tier.books.missing(m.name+"b", m.behind)
	}
	return n
}
