package exporter

import (
	"context"
	"time"
)

// Check sends one request without records and returns nil if the collector
// accepts it, or else its answer with what to do about it. It is for people who
// set a connection up; nothing is tried again. An error means that cfg itself
// cannot be used.
func Check(ctx context.Context, cfg Config) (*Failure, error) {
	cfg.DeadLetters = DeadLetters{}
	e, err := New(cfg)
	if err != nil {
		return nil, err
	}
	defer e.Close(ctx)
	p := e.payloads.get()
	defer e.payloads.put(p)
	p.encode(nil)
	limited, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	a := e.client.send(limited, p)
	if a.verdict == accepted {
		return nil, nil
	}
	return &Failure{Time: time.Now(), Code: a.code, Message: a.message, Hint: a.hint}, nil
}
