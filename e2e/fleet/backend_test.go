package fleet

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// A books is what arrived behind the tier: of each numbered line under which uid
// it came, and when it first did.
type books struct {
	mu      sync.Mutex
	streams map[string][]arrival
	repeats int
	faults  []string
}

type arrival struct {
	uid uint64    // a hash; 0 = it has not come
	at  time.Time // when it first came
}

func newBooks() *books { return &books{streams: map[string][]arrival{}} }

var seed = maphash.MakeSeed()

func (b *books) add(stream []byte, n int, uid []byte, now time.Time) {
	s := b.streams[string(stream)]
	if n >= len(s) {
		s = slices.Grow(s, n+1-len(s))[:n+1]
		b.streams[string(stream)] = s
	}
	id := maphash.Bytes(seed, uid) | 1
	switch before := s[n].uid; {
	case before == 0:
		s[n] = arrival{id, now}
	case before != id:
		b.faults = append(b.faults, fmt.Sprintf("seq=%s/%d came under two uids", stream, n))
		fallthrough
	default:
		b.repeats++
	}
}

// of returns what has come of a stream, as long as n.
func (b *books) of(stream string, n int) []arrival {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := make([]arrival, n)
	copy(got, b.streams[stream])
	return got
}

// missing returns how many of the first n lines of a stream have not come.
func (b *books) missing(stream string, n int) (missing int) {
	for _, a := range b.of(stream, n) {
		if a.uid == 0 {
			missing++
		}
	}
	return missing
}

func (b *books) again() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.repeats
}

func (b *books) check(t testing.TB) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) > 0 {
		t.Errorf("%d faulty uids, such as: %s", len(b.faults), b.faults[0])
	}
}

// A backend is what a collector hands its records on to. It takes so many bytes
// a second, one request after another.
type backend struct {
	books *books
	addr  string
	rate  atomic.Int64

	taken   atomic.Int64 // bytes
	records atomic.Int64

	mu     sync.Mutex
	asked  float64   // bytes that have come
	served float64   // bytes of them that were worked off by then
	then   time.Time // then
}

func newBackend(t testing.TB, b *books, rate int) *backend {
	t.Helper()
	var l net.Listener
	var err error
	inTier(func() { l, err = net.Listen("tcp", "127.0.0.1:0") })
	if err != nil {
		t.Fatal(err)
	}
	s := &backend{books: b, addr: l.Addr().String()}
	s.rate.Store(int64(rate))
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64<<20), grpc.ForceServerCodecV2(rawCodec{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "opentelemetry.proto.collector.logs.v1.LogsService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: exportHandler}},
	}, s)
	go func() { _ = server.Serve(l) }() // its error is that it was stopped
	t.Cleanup(server.Stop)
	return s
}

func exportHandler(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var request []byte
	if err := decode(&request); err != nil {
		return nil, err
	}
	if err := srv.(*backend).take(ctx, request); err != nil {
		return nil, err
	}
	return []byte{}, nil
}

func (s *backend) take(ctx context.Context, request []byte) error {
	for place := s.queue(len(request)); ; {
		wait := s.ahead(place)
		if wait <= 0 {
			break
		}
		select {
		case <-time.After(min(wait, 100*time.Millisecond)): // the rate may change meanwhile
		case <-ctx.Done():
			return status.Error(codes.Canceled, "nobody waits any more")
		}
	}
	n, err := s.books.enter(request)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	s.taken.Add(int64(len(request)))
	s.records.Add(int64(n))
	return nil
}

// queue returns at which byte a request is through that comes now.
func (s *backend) queue(bytes int) float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.asked += float64(bytes)
	return s.asked
}

// ahead returns how long it takes to that byte.
func (s *backend) ahead(place float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	return time.Duration((place - s.served) / float64(s.rate.Load()) * float64(time.Second))
}

func (s *backend) advance() {
	now := time.Now()
	s.served = min(s.asked, s.served+now.Sub(s.then).Seconds()*float64(s.rate.Load()))
	s.then = now
}

// rawCodec hands requests on as they came.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}

var _ encoding.CodecV2 = rawCodec{}

// enter takes the numbered lines of a request into the books.
func (b *books) enter(request []byte) (records int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	err = each(request, 1, func(resource []byte) error {
		return each(resource, 2, func(scope []byte) error {
			return each(scope, 2, func(record []byte) error {
				records++
				return b.record(record, now)
			})
		})
	})
	return records, err
}

func (b *books) record(record []byte, now time.Time) error {
	var body, uid []byte
	take := func(to *[]byte) func([]byte) error {
		return func(v []byte) error { *to = v; return nil }
	}
	err := each(record, 5, func(v []byte) error { return each(v, 1, take(&body)) })
	if err != nil {
		return err
	}
	err = each(record, 6, func(kv []byte) error {
		var key []byte
		if err := each(kv, 1, take(&key)); err != nil || string(key) != "log.record.uid" {
			return err
		}
		return each(kv, 2, func(v []byte) error { return each(v, 1, take(&uid)) })
	})
	if err != nil {
		return err
	}
	_, rest, ok := bytes.Cut(body, []byte("seq="))
	if !ok {
		return nil // of rtcship's own log
	}
	stream, rest, _ := bytes.Cut(rest, []byte("/"))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	n, err := strconv.Atoi(string(digits))
	if err != nil || n < 0 || n > 10_000_000 {
		return fmt.Errorf("a line without a number: %q", body)
	}
	b.add(stream, n, uid, now)
	return nil
}

// each calls f with each field of a message that has this number; all of them are
// of bytes.
func each(message []byte, number protowire.Number, f func([]byte) error) error {
	for len(message) > 0 {
		num, typ, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m := protowire.ConsumeFieldValue(num, typ, message[n:])
		if m < 0 {
			return protowire.ParseError(m)
		}
		if num == number && typ == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(message[n:])
			if err := f(v); err != nil {
				return err
			}
		}
		message = message[n+m:]
	}
	return nil
}
