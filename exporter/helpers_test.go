package exporter_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// protocols are what each promise is tested over.
var protocols = []string{exporter.ProtocolGRPC, exporter.ProtocolHTTP}

// eachProtocol runs f once over each protocol.
func eachProtocol(t *testing.T, f func(t *testing.T, protocol string)) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) { f(t, protocol) })
	}
}

// A ledger is what a receiver has kept, by the uids of the records.
type ledger struct {
	mu    sync.Mutex
	times map[string]int
	order []string
	probe int
	bad   error
}

func (l *ledger) take(r *exportertest.Request) {
	records, err := r.Records()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.bad = err
	}
	if l.times == nil {
		l.times = map[string]int{}
	}
	for _, record := range records {
		if record.EventName == "rtcship.probe" {
			l.probe++
			continue
		}
		uid := uidOf(record)
		l.times[uid]++
		l.order = append(l.order, uid)
	}
}

// missing returns those of uids that never came.
func (l *ledger) missing(uids []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var missing []string
	for _, uid := range uids {
		if l.times[uid] == 0 {
			missing = append(missing, uid)
		}
	}
	return missing
}

func uidOf(record *logspb.LogRecord) string {
	for _, kv := range record.Attributes {
		if kv.Key == "log.record.uid" {
			return kv.Value.GetStringValue()
		}
	}
	return ""
}

// uidsOf returns the uids of a request's records, probes left out.
func uidsOf(r *exportertest.Request) []string {
	records, err := r.Records()
	if err != nil {
		panic(err)
	}
	var uids []string
	for _, record := range records {
		if uid := uidOf(record); uid != "" {
			uids = append(uids, uid)
		}
	}
	return uids
}

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

func attribute(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: text(value)}
}

func encode(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// group returns n records named source/0 to source/n-1, with bodies of size
// bytes, and their uids.
func group(source string, n, size int) (exporter.Group, []string) {
	g := exporter.Group{
		Resource: encode(&resourcepb.Resource{Attributes: []*commonpb.KeyValue{attribute("service.name", source)}}),
		Scope:    encode(&commonpb.InstrumentationScope{Name: "test"}),
	}
	var uids []string
	body := make([]byte, size)
	for i := range body {
		body[i] = 'a' + byte(i*7%26)
	}
	for i := range n {
		uid := fmt.Sprintf("%s/%d", source, i)
		uids = append(uids, uid)
		record := encode(&logspb.LogRecord{
			TimeUnixNano: uint64(i) + 1,
			Body:         text(string(body)),
			Attributes:   []*commonpb.KeyValue{attribute("log.record.uid", uid)},
		})
		g.Records = protowire.AppendTag(g.Records, 2, protowire.BytesType)
		g.Records = protowire.AppendBytes(g.Records, record)
		g.Ends = append(g.Ends, len(g.Records))
	}
	return g, uids
}

// start starts a receiver that ends with the test.
func start(t testing.TB, cfg exportertest.Config) *exportertest.Server {
	t.Helper()
	s, err := exportertest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// open makes an exporter that ends with the test.
func open(t testing.TB, cfg exporter.Config) *exporter.Exporter {
	t.Helper()
	e, err := exporter.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

// always is a Blocked that lets everything leave at once.
func always(int) bool { return true }

// atRest returns e's status once no request is under way: one ends right after its
// last record is settled, and Send with that.
func atRest(e *exporter.Exporter) exporter.Status {
	s := e.Status()
	for end := time.Now().Add(time.Minute); s.InFlight > 0 && time.Now().Before(end); s = e.Status() {
		time.Sleep(time.Millisecond)
	}
	return s
}
