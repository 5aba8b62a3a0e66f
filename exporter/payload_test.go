package exporter

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// A sentRecord is a record with where it belongs.
type sentRecord struct{ resource, scope, body string }

func kv(value string) []*commonpb.KeyValue {
	return []*commonpb.KeyValue{{Key: "k", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}}
}

func mustMarshal(m proto.Message) []byte {
	b, err := proto.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// encodeGroup makes a group with the official types. An empty name makes an
// empty message.
func encodeGroup(resource, scope string, bodies []string) Group {
	var r resourcepb.Resource
	if resource != "" {
		r.Attributes = kv(resource)
	}
	g := Group{Resource: mustMarshal(&r), Scope: mustMarshal(&commonpb.InstrumentationScope{Name: scope})}
	for _, body := range bodies {
		record := &logspb.LogRecord{Body: kv(body)[0].Value}
		g.Records = appendMessage(g.Records, 2, mustMarshal(record))
		g.Ends = append(g.Ends, len(g.Records))
	}
	return g
}

// decodePayload reads a payload with the official types.
func decodePayload(t interface{ Fatal(...any) }, p *payload) (*collectorpb.ExportLogsServiceRequest, []sentRecord) {
	var wire []byte
	for _, s := range p.segments {
		wire = append(wire, p.bytes(s)...)
	}
	if len(wire) != p.size {
		t.Fatal("size", p.size, "wire", len(wire))
	}
	var m collectorpb.ExportLogsServiceRequest
	if err := (proto.UnmarshalOptions{}).Unmarshal(wire, &m); err != nil {
		t.Fatal(err)
	}
	var all []sentRecord
	for _, r := range m.ResourceLogs {
		var resource string
		if r.GetResource() != nil && len(r.Resource.Attributes) > 0 {
			resource = r.Resource.Attributes[0].Value.GetStringValue()
		}
		for _, s := range r.ScopeLogs {
			for _, record := range s.LogRecords {
				all = append(all, sentRecord{resource, s.GetScope().GetName(), record.Body.GetStringValue()})
			}
		}
	}
	return &m, all
}

// Whatever groups are put into a queue, what the requests made of it decode to
// with the official types is what was put in: each record once, under its
// resource and scope, those of one resource and scope in their order, and each
// resource once in a request.
func TestRequestsDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		resources := []string{"", "sora", "pexip-a", "pexip-b"}
		want := map[sentRecord]int{}
		order := map[[2]string][]string{}
		var q queue
		c := &call{}
		n := 0
		for range rapid.IntRange(0, 12).Draw(t, "groups") {
			resource := rapid.SampledFrom(resources).Draw(t, "resource")
			scope := rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(t, "scope")
			var bodies []string
			for range rapid.IntRange(0, 6).Draw(t, "records") {
				n++
				size := rapid.SampledFrom([]int{0, 1, 100, 127, 128, 3000, 20000}).Draw(t, "size")
				body := string(rune('0'+n%10)) + string(rune('a'+n/10)) + string(bytes.Repeat([]byte("x"), size))
				bodies = append(bodies, body)
				want[sentRecord{resource, scope, body}]++
				order[[2]string{resource, scope}] = append(order[[2]string{resource, scope}], body)
			}
			g := encodeGroup(resource, scope, bodies)
			q.add(c, &g, time.Time{})
		}
		limit := rapid.IntRange(1, 50_000).Draw(t, "limit")
		pool := &payloads{}
		for !q.empty() {
			p := pool.get()
			p.encode(q.take(nil, limit))
			m, sent := decodePayload(t, p)
			if p.records != len(sent) {
				t.Fatal("records", p.records, len(sent))
			}
			if p.size > limit && len(sent) > 1 {
				t.Fatal("a request of", p.size, "bytes over the limit of", limit)
			}
			seen := map[string]bool{}
			for _, r := range m.ResourceLogs {
				key := r.GetResource().String()
				if seen[key] {
					t.Fatal("one resource twice in a request")
				}
				seen[key] = true
			}
			for _, r := range sent {
				want[r]--
				key := [2]string{r.resource, r.scope}
				if len(order[key]) == 0 || order[key][0] != r.body {
					t.Fatal("out of order")
				}
				order[key] = order[key][1:]
			}
			pool.put(p)
		}
		for r, n := range want {
			if n != 0 {
				t.Fatal("record", r.resource, r.scope, len(r.body), "is left over", n)
			}
		}
		if q.bytes != 0 {
			t.Fatal("bytes left in an empty queue:", q.bytes)
		}
	})
}

// Halves hold together what the whole held, each at least one record.
func TestHalve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var pieces []piece
		total := 0
		for range rapid.IntRange(1, 6).Draw(t, "pieces") {
			var bodies []string
			for range rapid.IntRange(1, 5).Draw(t, "records") {
				bodies = append(bodies, string(bytes.Repeat([]byte("x"), rapid.IntRange(0, 300).Draw(t, "size"))))
			}
			g := encodeGroup("r", "s", bodies)
			total += len(bodies)
			pieces = append(pieces, piece{group: &g, hi: len(bodies)})
		}
		if total < 2 {
			return
		}
		w := newWork(pieces)
		left, right := w.halve()
		if left.records() == 0 || right.records() == 0 || left.records()+right.records() != total {
			t.Fatal("halves of", total, "records:", left.records(), right.records())
		}
		var whole, halves bytes.Buffer
		for _, p := range w.pieces {
			whole.Write(p.bytes())
		}
		for _, p := range append(left.pieces, right.pieces...) {
			if p.records() == 0 {
				t.Fatal("an empty piece")
			}
			halves.Write(p.bytes())
		}
		if !bytes.Equal(whole.Bytes(), halves.Bytes()) {
			t.Fatal("the halves are not the whole")
		}
	})
}

// Any bytes may stand where a server's answer should.
func FuzzParseResponse(f *testing.F) {
	f.Add(mustMarshal(&collectorpb.ExportLogsServiceResponse{PartialSuccess: &collectorpb.ExportLogsPartialSuccess{RejectedLogRecords: 3, ErrorMessage: "old"}}))
	f.Add([]byte{10, 200})
	f.Add([]byte{8, '0'}) // a number in the place of the partial success, as a Status has
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseResponse(b)
		var want collectorpb.ExportLogsServiceResponse
		wantErr := proto.Unmarshal(b, &want)
		if err != nil {
			// Text may parse by chance, and what is another message is no unknown field of this one.
			if wantErr == nil && !strings.Contains(err.Error(), "it is text") && !errors.Is(err, errWrongType) {
				t.Errorf("error %v, where the official types have none", err)
			}
			return
		}
		if wantErr == nil && (got.rejected != max(want.GetPartialSuccess().GetRejectedLogRecords(), 0) || got.message != want.GetPartialSuccess().GetErrorMessage()) {
			t.Errorf("got %+v, want %v", got, &want)
		}
	})
}

// Any groups in wire form come through a request and back.
func FuzzGroups(f *testing.F) {
	f.Add([]byte("resource"), []byte("scope"), []byte("one"), []byte("two"))
	f.Add([]byte{}, []byte{}, []byte{}, bytes.Repeat([]byte("x"), 5000))
	f.Fuzz(func(t *testing.T, resource, scope, one, two []byte) {
		g := Group{Resource: resource, Scope: scope}
		for _, record := range [][]byte{one, two} {
			g.Records = appendMessage(g.Records, 2, record)
			g.Ends = append(g.Ends, len(g.Records))
		}
		var p payload
		p.encode([]piece{{group: &g, hi: 2}})
		var wire []byte
		for _, s := range p.segments {
			wire = append(wire, p.bytes(s)...)
		}
		back, err := groupsOf(wire)
		if err != nil || len(back) != 1 {
			t.Fatalf("%d groups, %v", len(back), err)
		}
		if !bytes.Equal(back[0].Resource, resource) || !bytes.Equal(back[0].Scope, scope) || !bytes.Equal(back[0].Records, g.Records) {
			t.Error("not what was put in")
		}
	})
}
