// Package elastic ships through the collector configuration for Elasticsearch
// into a server that speaks its bulk protocol.
package elastic

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elastic/go-docappender/v2/docappendertest"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// TestReadTwice ships a log, forgets that it did, and ships it again:
// Elasticsearch is offered the same document ids and refuses them, so that
// every line is there once.
func TestReadTwice(t *testing.T) {
	const lines = 3000
	index := newIndex(t)
	collector, env := harness.Backend(t, "elastic.yaml", "ELASTICSEARCH_ENDPOINT="+index.URL)
	logs := t.TempDir()
	writeLog(t, logs, lines)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\"}\n", logs, collector.GRPC))
	ship.ReadTwice(t, collector, env, "all documents", func(round int) error { return index.offered(lines * round) })
	if err := index.complete(lines); err != nil {
		t.Error(err)
	}
	t.Logf("%d documents, %d refused as repeats", len(index.documents), index.conflicts)
}

// TestPutOff has Elasticsearch put off half of the documents for a while (429
// for the document, 503 for the request): all of them are there in the end,
// once.
func TestPutOff(t *testing.T) {
	const lines = 3000
	index := newIndex(t)
	index.troubled = true
	collector, env := harness.Backend(t, "elastic.yaml", "ELASTICSEARCH_ENDPOINT="+index.URL)
	collector.Start(t, env...)
	logs := t.TempDir()
	writeLog(t, logs, lines)
	ship := harness.NewShip(t, fmt.Sprintf("sora: {log_dir: %q}\nexport: {endpoint: \"http://%s\", timeout: 2s}\n", logs, collector.GRPC))
	ship.Start(t)
	time.Sleep(5 * time.Second)
	index.recover()
	harness.Wait(t, 60*time.Second, "all documents", func() error { return index.complete(lines) },
		ship.Process(), collector.Process())
	ship.Stop(t)
	if _, err := os.Stat(filepath.Join(ship.State, "dead-letters.jsonl")); err == nil {
		t.Error("records became dead letters")
	}
}

func writeLog(t *testing.T, dir string, lines int) {
	t.Helper()
	var b strings.Builder
	for n := range lines {
		b.WriteString(harness.SoraLine("line", n, "") + "\n")
	}
	if err := os.WriteFile(filepath.Join(dir, "sora.jsonl"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// An index is one backing index: it takes a document under an id that it does
// not know, and refuses the others.
type index struct {
	*httptest.Server

	mu        sync.Mutex
	documents map[string]document
	conflicts int
	troubled  bool
	requests  int
}

// A document is what of it the tests look at.
type document struct {
	Timestamp  json.RawMessage `json:"@timestamp"`
	Body       struct{ Text string }
	Attributes map[string]any
	Resource   struct{ Attributes map[string]any }
}

func newIndex(t *testing.T) *index {
	t.Helper()
	x := &index{documents: map[string]document{}}
	mux := http.NewServeMux()
	docappendertest.HandleBulk(mux, x.bulk)
	x.Server = httptest.NewServer(mux)
	t.Cleanup(x.Close)
	return x
}

func (x *index) bulk(w http.ResponseWriter, r *http.Request) {
	docs, meta, result, _ := docappendertest.DecodeBulkRequestWithStatsAndMeta(r)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.requests++
	if x.troubled && x.requests%3 == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for i := range docs {
		item := result.Items[i][meta[i].Action]
		switch _, known := x.documents[meta[i].DocumentID]; {
		case x.troubled && i%2 == 0:
			result.HasErrors = true
			item.Status, item.Error.Type = http.StatusTooManyRequests, "es_rejected_execution_exception"
		case known && meta[i].Action == "create":
			x.conflicts++
			result.HasErrors = true
			item.Status, item.Error.Type = http.StatusConflict, "version_conflict_engine_exception"
		default:
			var d document
			if err := json.Unmarshal(docs[i], &d); err != nil {
				item.Status, item.Error.Type = http.StatusBadRequest, err.Error()
				break
			}
			id := meta[i].DocumentID
			if id == "" { // Elasticsearch makes one up
				id = fmt.Sprintf("none-%d", len(x.documents))
			}
			x.documents[id] = d
		}
		result.Items[i][meta[i].Action] = item
	}
	json.NewEncoder(w).Encode(result)
}

func (x *index) recover() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.troubled = false
}

// offered is nil once n documents of the load were taken or refused as repeats.
func (x *index) offered(n int) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if got := x.tally().Have("line") + x.conflicts; got < n {
		return fmt.Errorf("%d documents of %d", got, n)
	}
	return nil
}

// complete is nil if the n lines of the load are there, once each, and each
// document's id is the uid of its record.
func (x *index) complete(n int) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	tally := x.tally()
	err := tally.Complete("line", n)
	if tally.Repeats > 0 {
		err = errors.Join(err, fmt.Errorf("%d lines are there twice", tally.Repeats))
	}
	return err
}

func (x *index) tally() *harness.Tally {
	tally := harness.NewTally()
	for id, d := range x.documents {
		if d.Resource.Attributes["service.name"] == "rtcship" {
			continue // its own log
		}
		if uid := d.Attributes["log.record.uid"]; uid != id {
			tally.Faults = append(tally.Faults, fmt.Sprintf("document id %s, uid %v", id, uid))
		}
		tally.Add(d.Body.Text, id)
	}
	return tally
}
