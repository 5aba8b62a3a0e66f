package peer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"

	"github.com/rtcship/rtcship/bench/internal/sink"
)

// A Load is how much the limit sends: what another program sent for the same lines.
type Load struct {
	Lines, Requests, Bytes int64
}

// inFlight is how many requests are under way at once, as with rtcship.
const inFlight = 2

// Limit finds the lines of a file and sends requests that amount to l, each
// the same bytes made beforehand. No shipper that reads lines and sends that
// much by gRPC can cost less.
func Limit(endpoint, file string, l Load) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{})))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()

	s := newSender(conn)
	perRequest := max(1, (l.Lines+l.Requests/2)/max(1, l.Requests))
	full := prepare(perRequest, l.Bytes/max(1, l.Lines))
	var waiting int64
	err = eachLine(f, func() error {
		if waiting++; waiting < perRequest {
			return nil
		}
		waiting = 0
		return s.send(full)
	})
	if err == nil && waiting > 0 {
		err = s.send(prepare(waiting, l.Bytes/max(1, l.Lines)))
	}
	return errors.Join(err, s.wait())
}

// eachLine calls found for each line of r, and for a rest without newline.
func eachLine(r io.Reader, found func() error) error {
	buf := make([]byte, 1<<20)
	rest := 0 // bytes of an unfinished line at the start of buf
	for {
		n, err := r.Read(buf[rest:])
		text := buf[:rest+n]
		for {
			end := bytes.IndexByte(text, '\n')
			if end < 0 {
				break
			}
			if err := found(); err != nil {
				return err
			}
			text = text[end+1:]
		}
		if rest = copy(buf, text); rest == len(buf) {
			return bufio.ErrTooLong
		}
		if errors.Is(err, io.EOF) {
			if rest > 0 {
				return found()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read lines: %w", err)
		}
	}
}

// A sender keeps up to inFlight requests under way.
type sender struct {
	conn    *grpc.ClientConn
	results chan error
	pending int
}

func newSender(conn *grpc.ClientConn) *sender {
	return &sender{conn: conn, results: make(chan error, inFlight)}
}

func (s *sender) send(request []byte) error {
	if s.pending == inFlight {
		s.pending--
		if err := <-s.results; err != nil {
			return err
		}
	}
	s.pending++
	go func() {
		var nothing []byte
		s.results <- s.conn.Invoke(context.Background(), sink.Method, request, &nothing, grpc.WaitForReady(true))
	}()
	return nil
}

func (s *sender) wait() error {
	var err error
	for ; s.pending > 0; s.pending-- {
		err = errors.Join(err, <-s.results)
	}
	return err
}

// prepare returns a request of so many records, each of about size bytes
// including its share of everything around it.
func prepare(records, size int64) []byte {
	const around = 3 // tag and length of a record
	body := bytes.Repeat([]byte{'x'}, max(1, int(size)-around-6))
	record := field(nil, 2, field(nil, 5, field(nil, 1, body))) // log_records{body{string_value}}
	return field(nil, 1, field(nil, 2, bytes.Repeat(record, int(records))))
}

// field appends a length-delimited field.
func field(dst []byte, number byte, value []byte) []byte {
	dst = append(dst, number<<3|2)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawCodec) Unmarshal(mem.BufferSlice, any) error { return nil }
