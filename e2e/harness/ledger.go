package harness

import (
	"encoding/json"
	"fmt"
	"testing"
)

// A Ledger says what became of what rtcship has read of one source.
type Ledger struct {
	Read, Further, Accepted, Rejected, Dead, Empty, Dropped int64
	InFlight                                                int64 `json:"in_flight"`
}

// balance is 0 in a ledger that adds up.
func (l Ledger) balance() int64 {
	return l.Read + l.Further - l.Accepted - l.Rejected - l.Dead - l.Empty - l.Dropped - l.InFlight
}

// A ledgers is what the tests want of /status.json.
type ledgers struct {
	Ledger map[string]Ledger
	Files  []struct {
		Path string
		Lag  int64
	}
	Export *struct{ Accepted, Rejected, Dead int64 }
}

// AddsUp reads the ledger of a running rtcship, and fails the test if it does
// not add up, which it must at any moment. It passes over an rtcship that does
// not answer yet.
func (s *Ship) AddsUp(t testing.TB) {
	t.Helper()
	_, _ = s.ledgers(t)
}

func (s *Ship) ledgers(t testing.TB) (l ledgers, err error) {
	t.Helper()
	resp, err := client.Get("http://" + s.Admin + "/status.json")
	if err != nil {
		return l, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&l); err != nil {
		return l, fmt.Errorf("read /status.json: %w", err)
	}
	for source, one := range l.Ledger {
		if one.balance() != 0 {
			t.Errorf("the ledger of %s does not add up: %+v", source, one)
		}
	}
	return l, nil
}

// Settled waits until rtcship has nothing more to do, and returns the ledgers
// by source. It fails the test if they do not add up or do not agree with what
// the exporter has counted.
func (s *Ship) Settled(t testing.TB) map[string]Ledger {
	t.Helper()
	var l ledgers
	Wait(t, Patience, "everything to be settled", func() (err error) {
		if l, err = s.ledgers(t); err != nil {
			return err
		}
		return l.settled()
	}, s.process)
	var sum Ledger
	for _, one := range l.Ledger {
		sum.Accepted += one.Accepted
		sum.Rejected += one.Rejected
		sum.Dead += one.Dead
	}
	if e := l.Export; sum.Accepted != e.Accepted || sum.Rejected != e.Rejected || sum.Dead != e.Dead {
		t.Errorf("the ledgers say %+v, the exporter %+v", sum, *e)
	}
	return l.Ledger
}

// settled is nil if nothing is under way and nothing is to come.
func (l ledgers) settled() error {
	if l.Export == nil {
		return fmt.Errorf("rtcship does not deliver")
	}
	for source, one := range l.Ledger {
		if one.InFlight != 0 {
			return fmt.Errorf("%d records of %s are in flight", one.InFlight, source)
		}
	}
	for _, f := range l.Files {
		if f.Lag != 0 {
			return fmt.Errorf("%d bytes of %s are to come", f.Lag, f.Path)
		}
	}
	return nil
}
