package exporter_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rtcship/rtcship/exporter"
)

// startReceiver starts a receiver in a process of its own, which ends with the
// test, and returns its endpoints for gRPC and HTTP.
func startReceiver(tb testing.TB) []string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "EXPORTER_TEST_RECEIVER=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Fields(line)
}

func receiver(tb testing.TB) string { return startReceiver(tb)[0] }

func httpReceiver(tb testing.TB) string { return startReceiver(tb)[1] }

// logLike returns n groups of about a mebibyte whose records look like a media
// server's log, for measuring compression: words that come again, identities
// and numbers that do not.
func logLike(n int) []exporter.Group {
	random := rand.New(rand.NewPCG(1, 2))
	id := func() string { return fmt.Sprintf("%016X%010X", random.Uint64(), random.Uint64()>>24) }
	words := []string{"connection created", "connection destroyed", "re-offer sent", "keepalive timed out", "candidate pair chosen"}
	groups := make([]exporter.Group, n)
	resource := encode(&resourcepb.Resource{Attributes: []*commonpb.KeyValue{attribute("service.name", "sora"), attribute("host.name", "media-7")}})
	for i := range groups {
		g := &groups[i]
		g.Resource = resource
		for len(g.Records) < 1<<20 {
			channel, connection := id(), id()
			record := encode(&logspb.LogRecord{
				TimeUnixNano: 1_760_000_000_000_000_000 + random.Uint64N(1e15), ObservedTimeUnixNano: 1_760_000_000_000_000_000 + random.Uint64N(1e15),
				SeverityNumber: 9, SeverityText: "info", Body: text(words[random.IntN(len(words))]),
				Attributes: []*commonpb.KeyValue{
					attribute("log.record.uid", id()), attribute("log.file.name", "sora.jsonl"), attribute("sora.channel_id", channel),
					attribute("sora.connection_id", connection), attribute("sora.session_id", id()), attribute("sora.role", "sendrecv"),
					attribute("sora.node", "sora@media-7"), attribute("sora.pid", fmt.Sprintf("<0.%d.0>", random.IntN(1e6))),
				},
			})
			g.Records = protowire.AppendBytes(protowire.AppendTag(g.Records, 2, protowire.BytesType), record)
			g.Ends = append(g.Ends, len(g.Records))
		}
	}
	return groups
}
