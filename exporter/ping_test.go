package exporter

import (
	"testing"
	"time"
)

// Servers in Go close a connection that asks more often than each five minutes
// whether they live (keepalive.EnforcementPolicy.MinTime), with too_many_pings. A
// dead connection is found sooner by other means.
func TestPingsAreRarerThanServersAllow(t *testing.T) {
	if least := 5 * time.Minute; pingTime <= least {
		t.Errorf("a ping after %v: the server's least is %v", pingTime, least)
	}
	if maxSilence >= pingTime || ackTimeout >= pingTime {
		t.Error("a dead connection would only be found by its pings")
	}
}
