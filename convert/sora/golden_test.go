package sora_test

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

var born = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newConverter(t testing.TB) *convert.Converter {
	t.Helper()
	c, err := convert.New(convert.Config{Version: "test", Redact: redact.Config{Enabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// originOf is the origin that the tailer gives a file of Sora's directory.
func originOf(name string) *entry.Origin {
	log := strings.TrimSuffix(path.Base(name), path.Ext(name))
	switch {
	case strings.HasPrefix(name, "erlang.log."):
		log = "erlang"
	case strings.HasPrefix(name, "connection_created_wait_timeout_error/"):
		log = "connection_created_wait_timeout_error"
	}
	return &entry.Origin{Source: "sora", Log: log, Path: "/var/log/sora/" + name, Born: born}
}

// entriesOf cuts a file into entries the way the tailer does.
func entriesOf(name string, data []byte) []entry.Entry {
	var entries []entry.Entry
	switch originOf(name).Log {
	case "sysctl", "ulimit", "erl_crash":
		return []entry.Entry{{Text: bytes.TrimSuffix(data, []byte("\n"))}}
	case "crash": // one section is one report
		return []entry.Entry{{Text: bytes.TrimSuffix(data, []byte("\n"))}}
	}
	offset := 0
	for line := range bytes.Lines(data) {
		entries = append(entries, entry.Entry{Text: bytes.TrimSuffix(line, []byte("\n")), Offset: int64(offset)})
		offset += len(line)
	}
	return entries
}

// same is left out of golden files: it is equal for all records, or noise.
var same = []string{"log.file.name", "log.file.path", "log.record.uid"}

func TestGolden(t *testing.T) {
	c := newConverter(t)
	recordtest.Golden(t, "testdata/golden/*.txtar", func(t *testing.T, input []recordtest.File) string {
		var got strings.Builder
		for _, f := range input {
			var out convert.Output
			c.Convert(entry.Batch{Origin: originOf(f.Name), Entries: entriesOf(f.Name, f.Data)}, &out)
			for _, g := range out.Groups {
				got.WriteString("# " + f.Name + "\n")
				got.WriteString(recordtest.Render(t, g.Records, same...))
			}
		}
		return got.String()
	})
}

// sorted is lines in alphabetical order, as one text.
func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// documented are the names of all fields that JSON lines of Sora are known to have.
var documented = strings.Fields(`timestamp level msg domain node node_name sora_version version label
	channel_id client_id bundle_id connection_id session_id group_id recording_id id role multistream spotlight simulcast
	e2ee data_channel_signaling ignore_disconnect_websocket recording_block stats_exporter turn_transport_type
	created_time destroyed_time start_time stop_time created_at created_timestamp destroyed_timestamp
	connection_created_timestamp connection_destroyed_timestamp start_timestamp stop_timestamp
	type operation json url req res allowed reason event_metadata data connections
	max_connections total_connections channel_connections channel_sendrecv_connections channel_sendonly_connections
	channel_recvonly_connections channel_upstream_connections channel_downstream_connections
	minutes total_sent_bytes total_received_bytes audio video audio_codec_type video_codec_type
	audio_bit_rate video_bit_rate video_width video_height video_vp9_params
	destroyed_reason disconnect_api_reason data_channel_exit_reason signaling_terminate_reason websocket_terminated_reason
	type_disconnect_reason message sora_client local_stats rtc_stats simulcast_encodings
	filename file_path metadata_filename metadata_file_path size stats split_index split_last_index start_time_offset
	stop_time_offset rtc_id rtc_type rtc_timestamp rtc_data log_written testcase`)

// There is a golden file for each log, and a line for each field.
func TestGoldenIsComplete(t *testing.T) {
	var lines strings.Builder
	logs := make(map[string]bool)
	for _, f := range recordtest.Inputs(t, "testdata/golden/*.txtar") {
		logs[originOf(f.Name).Log] = true
		lines.Write(f.Data)
	}
	digits := strings.NewReplacer("[1-9]", "1", "[0-9]", "0", "/*", "/x")
	for _, r := range tailer.SoraRules() {
		if name := digits.Replace(r.Pattern); name[0] != '*' && !logs[originOf(name).Log] {
			t.Errorf("no golden file has the log %s", name)
		}
	}
	for _, name := range documented {
		if !strings.Contains(lines.String(), `"`+name+`":`) {
			t.Errorf("no golden file has a line with the field %s", name)
		}
	}
}
