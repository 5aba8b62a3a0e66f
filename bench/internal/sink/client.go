package sink

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A Sink is a running sink process, seen from the process that started it.
// It may not be used from two goroutines at once.
type Sink struct {
	Addr string // host:port of its OTLP/gRPC endpoint

	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// Start runs argv, a command that calls Serve.
func Start(argv ...string) (*Sink, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start sink: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start sink: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start sink: %w", err)
	}
	s := &Sink{cmd: cmd, in: in, out: json.NewDecoder(bufio.NewReader(out))}
	var a answer
	if err := s.out.Decode(&a); err != nil {
		s.Close()
		return nil, fmt.Errorf("start sink: %w", err)
	}
	s.Addr = a.Addr
	return s, nil
}

// Close ends the sink.
func (s *Sink) Close() error {
	s.in.Close()
	return s.cmd.Wait()
}

// Expect starts a new tally.
func (s *Sink) Expect(p Plan) error {
	_, err := s.ask(order{Plan: &p})
	return err
}

// Tally returns what has arrived since Expect.
func (s *Sink) Tally() (Tally, error) {
	a, err := s.ask(order{Ask: "tally"})
	if err != nil || a.Tally == nil {
		return Tally{}, err
	}
	return *a.Tally, nil
}

// Delays returns how long the lines took that have arrived since Expect.
func (s *Sink) Delays() (Delays, error) {
	a, err := s.ask(order{Ask: "delays"})
	if err != nil || a.Delays == nil {
		return Delays{}, err
	}
	return *a.Delays, nil
}

// ErrQuiet says that nothing arrives any more.
var ErrQuiet = errors.New("nothing arrived for a while")

// Wait returns as soon as done says that enough has arrived, or with ErrQuiet
// when nothing has arrived for patience. It asks every 5 ms, which costs the sink little.
func (s *Sink) Wait(patience time.Duration, done func(Tally) bool) (Tally, error) {
	deadline := time.Now().Add(patience)
	var last Tally
	for {
		t, err := s.Tally()
		if err != nil || done(t) {
			return t, err
		}
		now := time.Now()
		if t.Requests != last.Requests {
			deadline = now.Add(patience)
		}
		last = t
		if now.After(deadline) {
			return t, fmt.Errorf("%w: %v after %d records in %d requests", ErrQuiet, patience, t.Records, t.Requests)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *Sink) ask(o order) (answer, error) {
	var a answer
	if err := json.NewEncoder(s.in).Encode(o); err != nil {
		return a, fmt.Errorf("ask sink: %w", err)
	}
	if err := s.out.Decode(&a); err != nil {
		return a, fmt.Errorf("ask sink: %w", err)
	}
	return a, nil
}
