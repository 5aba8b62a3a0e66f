package exporter

import (
	"context"
	"fmt"
	"time"
)

// Check sends one record of our own and says what came back. It is for people
// who set a connection up; nothing is tried again. If the collector did not take
// the record, failure says so and what to do about it. An error means that cfg
// itself cannot be used.
func Check(ctx context.Context, cfg Config) (said string, failure *Failure, err error) {
	cfg.DeadLetters = DeadLetters{}
	e, err := New(cfg)
	if err != nil {
		return "", nil, err
	}
	defer e.Close(ctx)
	p := e.payloads.get()
	defer e.payloads.put(p)
	p.encode(probePieces(time.Now(), e.cfg, "rtcship checks the connection to the collector"))
	limited, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	a := e.client.send(limited, p)
	switch {
	case a.verdict != accepted:
		return "", &Failure{Time: time.Now(), Code: a.code, Message: a.message, Hint: a.hint}, nil
	case a.rejected > 0:
		return "", &Failure{
			Time: time.Now(), Code: a.code, Message: "partial success: the record was rejected. " + a.message,
			Hint: "the collector answers and does not take the record: look at its own log",
		}, nil
	case a.message != "":
		return fmt.Sprintf("%s: %s", a.form, a.message), nil, nil
	}
	return a.form, nil, nil
}
