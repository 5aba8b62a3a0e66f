package pipeline

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// What a secret begins with, in the tests below: whatever holds it has leaked one.
const secret = "s3cr3tV"

// secretLines are lines with a secret each, of a log that is what its name says.
func secretLines(n int) (lines string) {
	forms := []string{`{"password":"%s"}`, `Authorization: Bearer %s`, `/cb?code=%s&a=b`, `#{token => <<"%s">>}`, `{'api_key': u'%s'}`, `https://u:%s@h/`, `<password>%s</password>`, `a=ice-pwd:%s`}
	for i := range n {
		form := fmt.Sprintf(forms[i%len(forms)], fmt.Sprintf("%s%d", secret, i))
		line, _ := json.Marshal(map[string]string{"timestamp": "2026-11-21T08:00:00Z", "level": "error", "msg": form, "n": fmt.Sprint(i)})
		lines += string(line) + "\n"
	}
	return lines
}

// No secret of a line, nor of the endpoint, is in a request's records, a dead letter,
// the own log or the status, of which the page is made, not even if the collector repeats what it was sent.
func TestSecretsStayHere(t *testing.T) {
	b := newBench(t)
	b.fault = func(r *exportertest.Request) *exportertest.Fault {
		records, err := r.Records()
		if err != nil || len(records) == 0 || strings.HasPrefix(records[0].Body.GetStringValue(), "rtcship asks") {
			return nil
		}
		return &exportertest.Fault{Code: codes.InvalidArgument, Status: http.StatusBadRequest, Message: "cannot take " + records[0].Body.GetStringValue()}
	}
	receiver, err := exportertest.Start(exportertest.Config{Answer: b.answer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(receiver.Close)
	endpoint := receiver.Endpoint(exportertest.HTTP)
	host := strings.TrimPrefix(endpoint, "http://")
	b.flags["export.endpoint"] = []string{"http://user:" + secret + "A@" + host + "/?api_key=" + secret + "B&k=" + secret + "C"}
	b.flags["export.protocol"] = []string{"http/protobuf"}
	b.write("sora.jsonl", secretLines(16))
	b.write("event_webhook_error.jsonl", `{"timestamp":"2026-11-21T08:00:00Z","req":{"type":"connection.created","event_metadata":{"user":"`+secret+`"}},"reason":"timeout"}`+"\n")
	r := b.start(false)
	b.await("the dead letters", func() bool { return r.daemon.Status().Ledger["sora"].Dead == 17 })
	status, err := json.Marshal(r.daemon.Status())
	if err != nil {
		t.Fatal(err)
	}
	clean(t, "the status", string(status))
	r.drain()
	clean(t, "the own log", b.log.String())
	letters, err := os.ReadFile(filepath.Join(b.state, "dead-letters.jsonl"))
	if err != nil || !strings.Contains(string(letters), "cannot take") {
		t.Fatalf("dead letters: %v, %.200s", err, letters)
	}
	clean(t, "the dead letters", string(letters))
}

func clean(t *testing.T, what, text string) {
	t.Helper()
	if i := strings.Index(text, secret); i >= 0 {
		t.Errorf("%s has a secret: …%s", what, text[max(0, i-80):min(len(text), i+40)])
	}
}
