package scenario

import (
	"bufio"
	"fmt"
	"net"
	"time"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/bench/internal/proc"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

// syslogTCP sends messages through one connection as fast as they are taken.
func syslogTCP(b *Bench, name string) (Figures, error) {
	return b.listen(name, "tcp", b.Scale.Messages, func(addr string, messages int64) error {
		conn, err := dial("tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		m := corpus.NewMaker(4)
		w := bufio.NewWriterSize(conn, 64<<10)
		var line []byte
		for i := range messages {
			line = m.AppendPexip(line[:0], m.Stamp(i))
			_, _ = w.Write(line) // a failure is kept and returned by Flush
		}
		if err := w.Flush(); err != nil {
			return fmt.Errorf("send messages: %w", err)
		}
		return nil
	})
}

// dial connects to a listener that may still be starting.
func dial(network, addr string) (net.Conn, error) {
	for tries := 0; ; tries++ {
		conn, err := net.Dial(network, addr)
		if err == nil || tries == 100 {
			return conn, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// listen measures a contender that receives messages. Starting up is left
// out: with TCP the first connection is made only after it.
func (b *Bench) listen(name, network string, messages int64, send func(addr string, messages int64) error) (Figures, error) {
	addr, err := contender.FreeAddr(network)
	if err != nil {
		return nil, err
	}
	if err := b.Sink.Expect(sink.Plan{Lines: messages}); err != nil {
		return nil, err
	}
	p, err := b.start(name, contender.Job{Syslog: network + "://" + addr})
	if err != nil {
		return nil, err
	}
	time.Sleep(settle)
	if err := p.Ended(); err != nil {
		return nil, err
	}
	return b.receive(p, messages, func() error { return send(addr, messages) })
}

func (b *Bench) receive(p *proc.Process, messages int64, send func() error) (Figures, error) {
	var t sink.Tally
	start := time.Now()
	cpu, wall, err := usage(p, func() (err error) {
		if err := send(); err != nil {
			return err
		}
		t, err = b.arrived(messages)
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.Lines == 0 {
		return nil, fmt.Errorf("none of %d messages arrived: %w", messages, p.Ended())
	}
	f := Figures{
		CPU:   float64(cpu) / float64(t.Lines),
		Core:  core(cpu, wall),
		Wall:  float64(t.Last.Sub(start)) / float64(t.Lines),
		Lost:  float64(messages - t.Lines),
		Bytes: float64(t.Bytes) / float64(t.Lines),
	}
	f.memory(p)
	_, err = p.Stop(patience)
	return f, err
}
