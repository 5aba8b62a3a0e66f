package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BadDaySoraEntries is how many entries the logs of that day hold.
const BadDaySoraEntries = 16

// BadDaySora writes the logs of a Sora that had a bad day: something for each
// panel of its dashboard.
func BadDaySora(t testing.TB, dir string) {
	t.Helper()
	for name, lines := range map[string][]string{
		"sora.jsonl": {
			soraCode("error", "EXCEED-MAX-CONNECTIONS", "", "lobby", "CONN1"),
			soraCode("error", "EXCEED-MAX-CONNECTIONS", "", "lobby", "CONN2"),
			soraCode("error", "EXCEED-MAX-CONNECTIONS", "", "attic", "CONN3"),
			soraCode("error", "PONG-TIMEOUT-ERROR", "timeout", "lobby", "CONN4"),
			soraCode("error", "AUTH-WEBHOOK-INTERNAL-ERROR", "{error,econnrefused}", "lobby", "CONN5"),
			soraCode("warning", "UNKNOWN-RTP", "", "lobby", "CONN6"),
		},
		"event_webhook.jsonl": {webhook("connection.created", 1), webhook("connection.created", 2), webhook("connection.created", 3), destroyed(4, 42, "closed"), failed(5, "no candidate pair")},
		"connection.jsonl": {
			`{"timestamp":"2026-11-21T06:30:01.000004Z","channel_id":"lobby","connection_id":"CONN4","destroyed_reason":"type_disconnect","type_disconnect_reason":"NO-ERROR"}`,
		},
		"auth_webhook.jsonl": {
			`{"id":"W1","timestamp":"2026-11-21T06:30:00.000001Z","req":{"channel_id":"lobby"},"res":{"allowed":true}}`,
			`{"id":"W2","timestamp":"2026-11-21T06:30:00.000002Z","req":{"channel_id":"lobby"},"res":{"allowed":false,"reason":"full"}}`,
		},
		"event_webhook_error.jsonl": {
			`{"id":"W3","timestamp":"2026-11-21T06:30:00.000003Z","reason":"timeout","req":{"type":"connection.created","channel_id":"lobby"}}`,
		},
		"crash.log": {
			"2026-11-21 06:30:00 =CRASH REPORT====", "  crasher:", "    initial call: sora_thing:init/1", "    pid: <0.1.0>", "    registered_name: sora_thing", "",
		},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func soraCode(level, code, reason, channel, connection string) string {
	msg := code
	if reason != "" {
		msg += " | reason=" + reason
	}
	return fmt.Sprintf(`{"timestamp":"2026-11-21T06:30:00.%06dZ","level":%q,"msg":%q,"domain":["sora"],"node":"sora@10.0.0.1","channel_id":%q,"connection_id":%q}`,
		len(connection)*1000+int(connection[4]), level, msg, channel, connection)
}

func webhook(kind string, n int) string {
	return fmt.Sprintf(`{"id":"E%d","timestamp":"2026-11-21T06:30:01.00000%dZ","req":{"type":%q,"node_name":"sora@10.0.0.1","channel_id":"lobby","connection_id":"CONN%d"},"res":null}`, n, n, kind, n)
}

func destroyed(n, minutes int, reason string) string {
	line := webhook("connection.destroyed", n)
	return strings.Replace(line, `},"res"`, fmt.Sprintf(`,"reason":%q,"data":{"minutes":%d}},"res"`, reason, minutes), 1)
}

func failed(n int, message string) string {
	return strings.Replace(webhook("connection.failed", n), `},"res"`, fmt.Sprintf(`,"data":{"message":%q}},"res"`, message), 1)
}

// BadDayPexip are the messages of a Pexip that had one, too.
func BadDayPexip() []string {
	return []string{
		pexipLine(1, "administrator.conference", "Participant failed to join conference.", `Conference="Board Room (A+)" Location="Tokyo" Protocol="SIP" Call-id="c1" Detail="Insufficient licenses"`),
		pexipLine(2, "administrator.conference", "Participant failed to join conference.", `Conference="Board Room (A+)" Location="Tokyo" Protocol="SIP" Call-id="c2" Detail="Insufficient licenses"`),
		pexipLine(3, "administrator.conference", "Participant has joined.", `Conference="Board Room (A+)" Call-id="c3" Protocol="WebRTC"`),
		pexipLine(4, "administrator.conference", "Participant has disconnected.", `Conference="Board Room (A+)" Call-id="c3" Protocol="WebRTC" Duration="312.5" Licenses="1" Service-Type="conference" Detail="Remote disconnect"`),
		pexipLine(5, "administrator.conference", "Participant entered incorrect conference PIN.", `Conference="Board Room (A+)" Call-id="c4"`),
		pexipLine(6, "administrator.conference", "Failed creating conference.", `Conference="Board Room (A+)"`),
		pexipLine(7, "support.participant", "Media Stream destroyed", `Call-id="c3" Detail="Stream 0 (audio)^M  RX: rate 48kbps loss 7.50% jitter 4ms^M    codec opus rate 48kbps^M  TX: rate 50kbps loss 0.25% jitter 1ms^M    codec opus rate 64kbps"`),
		pexipLine(8, "administrator.apps.cloudbursting", "On-prem location 'Tokyo' is overloaded! Starting instance i-1 (stopped) in location 'Cloud'", ""),
		pexipLine(9, "administrator.registration", "Registration added.", `Alias="a@example.org" Protocol="SIP"`),
		pexipLine(10, "administrator.system.connectivity", "Connectivity lost to node", `Node="10.0.0.9"`),
		pexipLine(11, "administrator.configuration", "User login failed.", `User="root"`),
		pexipLine(12, "administrator.configuration", "Configuration changed.", `User="ann"`),
	}
}

func pexipLine(n int, module, message, pairs string) string {
	return fmt.Sprintf(`<134>2026-11-21T06:30:00.%03d+00:00 node-1 2026-11-21 06:30:00,%03d Level="INFO" Name=%q Message=%q %s`, n, n, module, message, pairs)
}
