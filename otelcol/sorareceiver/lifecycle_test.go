package sorareceiver

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// testConfig follows a directory of its own and keeps its state in another.
func testConfig(t *testing.T) *Config {
	cfg := defaultConfig().(*Config)
	cfg.LogDir, cfg.StorageDir = t.TempDir(), t.TempDir()
	return cfg
}

// As mdatagen would write it for a receiver that needs no folder of its own.
func TestLifecycle(t *testing.T) {
	factory, cfg, set := NewFactory(), testConfig(t), receivertest.NewNopSettings(typ)
	for range 2 {
		r, err := factory.CreateLogs(t.Context(), set, cfg, consumertest.NewNop())
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		require.NoError(t, r.Shutdown(context.Background()))
		require.NoError(t, r.Shutdown(context.Background()))
	}
	require.Equal(t, component.StabilityLevelAlpha, factory.LogsStability())
}

// What receivertest asks of every receiver: nothing is lost while the pipeline
// refuses, what it refuses for good is not offered again, and nothing comes
// twice. Only the number that it looks for has to be taken out of the body.
func TestConsumeContract(t *testing.T) {
	cfg := testConfig(t)
	w := &writer{t: t, path: filepath.Join(cfg.LogDir, "sora.jsonl")}
	receivertest.CheckConsumeContract(receivertest.CheckConsumeContractParams{
		T: t, Factory: numbering(&w.settled), Signal: pipeline.SignalLogs, Config: cfg, Generator: w, GenerateCount: each,
	})
}

// each is how many records there are in each of the contract's scenarios.
const each = 200

// mostRefusals is how often in a row the pipeline may refuse what it would take later: the
// contract's checker refuses by chance, and the receiver's pauses grow.
const mostRefusals = 2

// insist hands logs to next, again and again once there were refusals enough.
func insist(ctx context.Context, next consumer.Logs, logs plog.Logs, refusals *atomic.Int64) error {
	for {
		switch err := next.ConsumeLogs(ctx, logs); {
		case err == nil, consumererror.IsPermanent(err):
			refusals.Store(0)
			return err
		case refusals.Add(1) <= mostRefusals:
			return err
		}
	}
}

// numbering is the receiver's factory with pipelines that number the records, and count those
// that are accepted or refused for good.
func numbering(settled *atomic.Int64) receiver.Factory {
	var refusals atomic.Int64
	return receiver.NewFactory(typ, defaultConfig, receiver.WithLogs(
		func(ctx context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
			set.ID = component.NewID(typ) // one and the same state in all scenarios
			number, err := consumer.NewLogs(func(ctx context.Context, logs plog.Logs) error {
				for _, rl := range logs.ResourceLogs().All() {
					for _, sl := range rl.ScopeLogs().All() {
						for _, lr := range sl.LogRecords().All() {
							_, id, _ := strings.Cut(lr.Body().Str(), "id=")
							lr.Attributes().PutStr(receivertest.UniqueIDAttrName, id)
						}
					}
				}
				n := int64(logs.LogRecordCount()) // next may keep logs
				err := insist(ctx, next, logs, &refusals)
				if err == nil || consumererror.IsPermanent(err) {
					settled.Add(n)
				}
				return err
			})
			if err != nil {
				return nil, err
			}
			return NewFactory().CreateLogs(ctx, set, cfg, number)
		}, component.StabilityLevelAlpha))
}

// A writer writes lines with numbers, and with the last of a scenario waits for all of them:
// the contract's checker would wait for 5 s, and the machine may be slow.
type writer struct {
	t       *testing.T
	path    string
	n       atomic.Int64
	settled atomic.Int64
}

func (w *writer) Start() {}
func (w *writer) Stop()  {}

func (w *writer) Generate() []receivertest.UniqueIDAttrVal {
	n := w.n.Add(1)
	id := strconv.FormatInt(n, 10)
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		w.t.Error(err)
		return nil
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, `{"timestamp":"2026-11-21T06:00:00.000000Z","level":"info","domain":["sora"],"node":"sora@127.0.0.1","msg":"id=%s"}`+"\n", id)
	if err != nil {
		w.t.Error(err)
	}
	for end := time.Now().Add(time.Minute); n%each == 0 && w.settled.Load() < n && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	return []receivertest.UniqueIDAttrVal{receivertest.UniqueIDAttrVal(id)}
}
