package scenario

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/rtcship/rtcship/bench/internal/corpus"
)

// paced sends messages at a rate for b.Scale.Stream, each with a write of its
// own as syslog daemons do, whether they are taken or not: what is lost is
// counted. They are made beforehand, so that the sender takes as little as
// possible of the machine.
func paced(network string, rate int64) func(*Bench, string) (Figures, error) {
	return func(b *Bench, name string) (Figures, error) {
		messages := rate * int64(b.Scale.Stream/time.Second)
		path, err := corpus.Messages(b.Cache, messages)
		if err != nil {
			return nil, err
		}
		lines, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return b.listen(name, network, messages, func(addr string, messages int64) error {
			return sendPaced(network, addr, lines, rate, b.Scale.Stream)
		})
	}
}

// sendPaced sends lines, a few with each tick.
func sendPaced(network, addr string, lines []byte, rate int64, span time.Duration) error {
	conn, err := dial(network, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	return everyTick(span, func(int64) error {
		for range rate * int64(tick) / int64(time.Second) {
			end := bytes.IndexByte(lines, '\n') + 1
			line := lines[:end]
			if network == "udp" {
				line = line[:end-1]
			}
			if _, err := conn.Write(line); err != nil {
				return err
			}
			lines = lines[end:]
		}
		return nil
	})
}

// floodTCP sends as fast as messages are taken. They come out of a file, by
// sendfile(2), so that the sender is not what limits it. Taken is measured up
// to the moment at which the receiver has closed the connection, which it does
// when everything in it has reached the spool.
func floodTCP(b *Bench, name string) (Figures, error) {
	path, err := corpus.Messages(b.Cache, b.Scale.Flood)
	if err != nil {
		return nil, err
	}
	var taken time.Duration
	f, err := b.listen(name, "tcp", b.Scale.Flood, func(addr string, _ int64) error {
		start := time.Now()
		err := sendFile(addr, path)
		taken = time.Since(start)
		return err
	})
	if err == nil {
		f[Taken] = float64(taken) / float64(b.Scale.Flood)
	}
	return f, err
}

// sendFile sends a file and waits for the other end to close the connection.
func sendFile(addr, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	conn, err := dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.Copy(conn, file); err != nil {
		return fmt.Errorf("send messages: %w", err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return fmt.Errorf("end the connection: %w", err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return fmt.Errorf("wait for the end of the connection: %w", err)
	}
	return nil
}
