package main

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// askStatus asks the program that runs on a state directory, and holds what it
// says to what it promises at any moment: the ledger adds up.
func askStatus(t *testing.T, state string) (*pipeline.Status, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://rtcship/status.json", http.NoBody)
	if err != nil {
		return nil, err
	}
	client := admin.Client(state)
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var s pipeline.Status
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return nil, err
	}
	for source, l := range s.Ledger {
		if l.Balance() != 0 {
			t.Errorf("the ledger of %s does not add up: %+v", source, l)
		}
	}
	return &s, nil
}

// settledStatus waits until the program has nothing more to do, and holds the
// books of its parts against each other: what was read is what the exporter had
// taken, and each file is settled to its end.
func settledStatus(t *testing.T, state string) *pipeline.Status {
	t.Helper()
	var s *pipeline.Status
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if s, err = askStatus(t, state); err == nil && settled(s) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("not settled: %v\n%+v", err, s)
		}
	}
	var sum pipeline.Ledger
	for _, l := range s.Ledger {
		sum.Accepted += l.Accepted
		sum.Rejected += l.Rejected
		sum.Dead += l.Dead
	}
	if e := s.Export; sum.Accepted != e.Accepted || sum.Rejected != e.Rejected || sum.Dead != e.Dead {
		t.Errorf("the ledger has accepted, rejected, dead %d, %d, %d; the exporter %d, %d, %d",
			sum.Accepted, sum.Rejected, sum.Dead, e.Accepted, e.Rejected, e.Dead)
	}
	return s
}

func settled(s *pipeline.Status) bool {
	if s.Export == nil {
		return false
	}
	for _, l := range s.Ledger {
		if l.InFlight != 0 {
			return false
		}
	}
	for i := range s.Files {
		if s.Files[i].Lag != 0 {
			return false
		}
	}
	return true
}
