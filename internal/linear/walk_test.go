package linear_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/syslog"
	"github.com/rtcship/rtcship/internal/linear"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
)

var long = flag.Bool("long", false, "take all shapes for all readers, and inputs of up to 4 MiB, which takes an hour")

// A reader is one of those that the test walks. What it reads stands between
// before and after.
type reader struct {
	name          string
	before, after string
	escape        bool // the text stands within a JSON string
	all           bool // it gets every shape in the quick test, too
	read          func(text []byte)
}

func (r *reader) input(s linear.Shape) func(n int) []byte {
	return func(n int) []byte {
		text := s.Make(n)
		if r.escape {
			text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte(`\`), []byte(`\\`)), []byte(`"`), []byte(`\"`))
			text = bytes.ReplaceAll(text, []byte("\n"), []byte(`\n`))
		}
		return []byte(r.before + string(text) + r.after)
	}
}

// TestLinear: no reader takes more than 2.5 times as long for twice as much.
func TestLinear(t *testing.T) {
	shapes := linear.Shapes()
	for _, r := range readers(t) {
		t.Run(r.name, func(t *testing.T) {
			chosen, sizes := linear.Core(), linear.Quick
			if r.all || *long {
				chosen = shapes
			}
			if *long {
				sizes = linear.Long
			}
			for _, s := range chosen {
				linear.Check(t, fmt.Sprintf("%q", s.Name), sizes, r.input(s), r.read)
			}
		})
	}
}

func readers(t *testing.T) []reader {
	return append(append(conversions(t), splitters()...), parts(t)...)
}

var at = time.Date(2031, 4, 2, 10, 11, 12, 0, time.UTC)

// one reads a text as one entry.
func one(t *testing.T, source, log, transport string) func(text []byte) {
	c, err := convert.New(convert.Config{Redact: redact.Config{Enabled: true}, MaxBody: 240 << 10})
	if err != nil {
		t.Fatal(err)
	}
	b := entry.Batch{
		Origin:  &entry.Origin{Source: source, Log: log, Path: "/log/" + log + ".log", Born: at},
		Entries: []entry.Entry{{Observed: at, Transport: transport, Peer: netip.MustParseAddrPort("192.0.2.1:514")}},
	}
	var out convert.Output
	return func(text []byte) {
		b.Entries[0].Text = text
		c.Convert(b, &out)
	}
}

// conversions are entries on their way to records: as they come, and as far
// inside as a peer can get.
func conversions(t *testing.T) (all []reader) {
	const (
		legacy = "2022-06-07T02:25:48.479789Z [error] "
		pairs  = `2026-05-06T08:08:09.337+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="%s" Message="%s" `
		crash  = "=CRASH REPORT==== 10-Aug-2022::23:25:00.249190 ===\n"
	)
	sora := func(log, name, before, after string, escape bool) {
		all = append(all, reader{name: "sora/" + log + "/" + name, before: before, after: after, escape: escape, read: one(t, "sora", log, "")})
	}
	for _, log := range []string{"sora", "event_webhook_error", "connection_created_wait_timeout_error", "crash", "erl_crash", "erlang", "run_erl", "sysctl", "other"} {
		sora(log, "text", "", "", false)
	}
	all[0].all = true
	sora("sora", "legacy", legacy, "", false)
	all[len(all)-1].all = true
	sora("sora", "slots", legacy+"node@host [", "", false)
	sora("sora", "reason", legacy+"PONG-TIMEOUT-ERROR | reason=", "", false)
	all[len(all)-1].all = true
	sora("sora", "message", `{"level":"error","msg":"`, `"}`, true)
	sora("sora", "code", `{"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=`, `"}`, true)
	sora("sora", "value", `{"a":`, `}`, false)
	sora("sora", "members", `{"a":1,`, `}`, false)
	sora("sora", "key", `{"`, `":1}`, true)
	sora("api", "request", `{"req":{"a":[`, `]}}`, false)
	sora("crash", "report", crash, "", false)
	sora("crash", "reason", crash+"  exception error: ", "", false)
	sora("erlang", "console", "2024-04-25T07:15:19.333877+00:00 error: ", "", false)
	sora("erl_crash", "dump", "=erl_crash_dump:0.5\nSun Aug 25 00:57:34 2019\n", "", false)

	pexip := func(transport, name, before, after string) {
		all = append(all, reader{name: "pexip/" + transport + "/" + name, before: before, after: after, read: one(t, "pexip", "", transport)})
	}
	for _, transport := range []string{"udp", "tcp", "tls", "unix", ""} {
		pexip(transport, "text", "", "")
	}
	all[len(all)-4].all = true
	pexip("tcp", "pairs", fmt.Sprintf(pairs, "administrator.conference", "Participant has joined."), "")
	all[len(all)-1].all = true
	pexip("tcp", "value", fmt.Sprintf(pairs, "administrator.conference", "Participant has joined.")+`Participant="`, `"`)
	pexip("tcp", "message", `2026-05-06T08:08:09.337+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="a" Message="`, `"`)
	pexip("tcp", "sip", fmt.Sprintf(pairs, "support.sip", "Received SIP request")+`Detail="INVITE sip:a SIP/2.0^M`, `"`)
	pexip("tcp", "repr", fmt.Sprintf(pairs, "support.rest", "Sending HTTP request")+`Detail="b'`, `'"`)
	pexip("tcp", "media", fmt.Sprintf(pairs, "support.participant", "Media Stream destroyed")+`Detail="Stream 1 (video)^M`, `"`)
	pexip("tcp", "audit", "<134>May  6 08:00:00 node1 audispd: node=a type=SYSCALL msg=audit(1441988805.991:239): ", "")
	pexip("tcp", "data", `<134>1 2026-05-06T08:08:09Z node1 app 1 id [a `, "")
	pexip("tcp", "relay", `<134>May  6 08:00:00 relay 2026-05-06T08:08:09.337+00:00 `, "")
	return all
}

// splitters cut a file into entries, as following does. Each shape goes through
// every form of a log.
func splitters() (all []reader) {
	for _, name := range []string{"sora.jsonl", "crash.log", "erlang.log.1", "sysctl.log", "erl_crash.dump", "pexip.log"} {
		rules, origin := tailer.SoraRules(), "sora"
		if name == "pexip.log" {
			rules, origin = tailer.QuotedRules([]string{"*.log"}), "pexip"
		}
		all = append(all, reader{name: "split/" + name, all: name == "crash.log", read: func(text []byte) {
			s := tailer.Stream{Origin: origin, Path: name, Name: name, Rules: rules, Timezone: time.UTC}
			if err := s.Read(bytes.NewReader(text), func(entry.Batch) error { return nil }); err != nil {
				panic(err)
			}
		}})
	}
	return all
}

// parts are readers that are called by themselves.
func parts(t *testing.T) []reader {
	masks, err := redact.New(redact.Config{Enabled: true, Patterns: []string{`x-key: (\S+)`}})
	if err != nil {
		t.Fatal(err)
	}
	var dst []byte
	return []reader{
		{name: "redact", all: true, read: func(text []byte) { masks.Suspect(text); dst, _ = masks.Append(dst[:0], text) }},
		{name: "redact/pexip", all: true, read: func(text []byte) { dst, _ = masks.ForPexip().Append(dst[:0], text) }},
		{name: "redact/json", before: `{"a":"`, escape: true, after: `"}`, read: func(text []byte) { dst, _ = masks.Append(dst[:0], text) }},
		{name: "syslog", all: true, read: func(text []byte) { syslog.Parse(text, at) }},
		{name: "spool", read: segment},
		{name: "spool/magic", before: strings.Repeat("\xe5RTs", 4), read: segment},
	}
}

// segment reads a damaged segment to its end.
func segment(text []byte) {
	for at := 0; at < len(text); {
		_, n, _ := spool.Format{}.Split(text[at:], int64(at), true)
		at += max(n, 1)
	}
}
