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

// Limit finds the lines of a file and sends requests that amount to l. They
// carry the lines as they stand and are filled up with the same bytes again
// and again. No shipper that sends these lines, and so many bytes in so many
// requests by gRPC, can cost much less.
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
	r := s.request(int(l.Bytes / max(1, l.Lines)))
	err = eachLine(f, func(line []byte) error {
		r.add(line)
		if r.records < perRequest {
			return nil
		}
		err := s.send(r)
		r = s.request(r.size)
		return err
	})
	if err == nil && r.records > 0 {
		err = s.send(r)
	}
	return errors.Join(err, s.wait())
}

// eachLine calls found for each line of r, and for a rest without newline.
func eachLine(r io.Reader, found func(line []byte) error) error {
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
			if err := found(text[:end]); err != nil {
				return err
			}
			text = text[end+1:]
		}
		rest = copy(buf, text)
		if errors.Is(err, io.EOF) {
			if rest > 0 {
				return found(buf[:rest])
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("read lines: %w", err)
		}
		if rest == len(buf) {
			return bufio.ErrTooLong
		}
	}
}

// headroom is what is kept free at the head of a request for what is around
// the records: two tags with lengths.
const headroom = 12

// filler is what requests are filled up with.
var filler = bytes.Repeat([]byte{'x'}, 64<<10)

// A request is a message in the making.
type request struct {
	size    int // of a record on average, including its share of everything around it
	records int64
	owed    int // bytes that the records so far have less than so many times size
	buf     []byte
}

func newRequest(size int) *request { return &request{size: size, buf: make([]byte, headroom, 4<<20)} }

// add appends a record that holds line and what brings the request to its size.
func (r *request) add(line []byte) {
	const around = 3 + 3 + 3 + 3 // tags and lengths of record, body, text and flags
	r.owed += r.size - len(line) - around
	fill := min(max(r.owed, 0), len(filler))
	r.owed -= fill
	r.records++
	body := 1 + varintSize(len(line)) + len(line)
	record := 1 + varintSize(body) + body + 1 + varintSize(fill) + fill
	r.buf = binary.AppendUvarint(append(r.buf, 2<<3|2), uint64(record)) // ScopeLogs.log_records
	r.buf = binary.AppendUvarint(append(r.buf, 5<<3|2), uint64(body))   // LogRecord.body
	r.buf = binary.AppendUvarint(append(r.buf, 1<<3|2), uint64(len(line)))
	r.buf = append(r.buf, line...)
	r.buf = binary.AppendUvarint(append(r.buf, 3<<3|2), uint64(fill)) // LogRecord.severity_text
	r.buf = append(r.buf, filler[:fill]...)
}

// finish returns the whole message.
func (r *request) finish() []byte {
	records := len(r.buf) - headroom
	head := binary.AppendUvarint([]byte{2<<3 | 2}, uint64(records)) // ResourceLogs.scope_logs
	head = append(binary.AppendUvarint([]byte{1<<3 | 2}, uint64(len(head)+records)), head...)
	at := headroom - len(head)
	copy(r.buf[at:], head)
	return r.buf[at:]
}

func varintSize(n int) int { return len(binary.AppendUvarint(nil, uint64(n))) }

// A sender keeps up to inFlight requests under way.
type sender struct {
	conn    *grpc.ClientConn
	answers chan answer
	pending int
	free    []*request // that have been answered
}

type answer struct {
	to  *request
	err error
}

func newSender(conn *grpc.ClientConn) *sender {
	return &sender{conn: conn, answers: make(chan answer, inFlight)}
}

// request returns an empty request for records of the given size.
func (s *sender) request(size int) *request {
	if len(s.free) == 0 {
		return newRequest(size)
	}
	r := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	*r = request{size: size, buf: r.buf[:headroom]}
	return r
}

func (s *sender) send(r *request) error {
	if s.pending == inFlight {
		if err := s.await(); err != nil {
			return err
		}
	}
	s.pending++
	go func() {
		var nothing []byte
		s.answers <- answer{r, s.conn.Invoke(context.Background(), sink.Method, r.finish(), &nothing, grpc.WaitForReady(true))}
	}()
	return nil
}

// await waits for one answer.
func (s *sender) await() error {
	a := <-s.answers
	s.pending--
	s.free = append(s.free, a.to)
	return a.err
}

func (s *sender) wait() error {
	var err error
	for s.pending > 0 {
		err = errors.Join(err, s.await())
	}
	return err
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawCodec) Unmarshal(mem.BufferSlice, any) error { return nil }
