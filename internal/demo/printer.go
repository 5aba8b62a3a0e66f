package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
)

// A printer shows records as lines for people, and no more of them a second
// than a person can follow; the others are counted in a line of their own.
type printer struct {
	w     io.Writer
	color bool
	limit int // lines a second

	mu      sync.Mutex
	second  time.Time
	shown   int
	skipped int
}

// print shows a record of the given service, or counts it as skipped.
func (p *printer) print(service string, r *logspb.LogRecord) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now().Truncate(time.Second); now != p.second {
		p.second, p.shown = now, 0
		p.flushSkipped()
	}
	if p.shown >= p.limit {
		p.skipped++
		return
	}
	p.shown++
	fmt.Fprintln(p.w, p.format(service, r))
}

func (p *printer) flushSkipped() {
	if p.skipped > 0 {
		fmt.Fprintln(p.w, p.paint(dim, fmt.Sprintf("    … and %d more", p.skipped)))
	}
	p.skipped = 0
}

func (p *printer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flushSkipped()
}

// A style is the parameters of an ANSI SGR sequence.
type style string

const (
	plain  style = ""
	dim    style = "2"
	bold   style = "1"
	blue   style = "34"
	cyan   style = "36"
	green  style = "32"
	yellow style = "33"
	red    style = "31"
	alarm  style = "1;37;41"
)

func (p *printer) paint(s style, text string) string {
	if !p.color || s == plain {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// severityStyles is by the first number of each range of the OpenTelemetry log data model.
var severityStyles = []struct {
	from  logspb.SeverityNumber
	name  string
	style style
}{{19, "FATAL", alarm}, {17, "ERROR", red}, {13, "WARN", yellow}, {9, "INFO", green}, {5, "DEBUG", dim}, {0, "-", dim}}

func (p *printer) severity(r *logspb.LogRecord) string {
	for _, s := range severityStyles {
		if r.SeverityNumber >= s.from {
			text := r.SeverityText
			if text == "" {
				text = s.name
			}
			return p.paint(s.style, fmt.Sprintf("%-9s", strings.ToUpper(text)))
		}
	}
	return ""
}

func (p *printer) format(service string, r *logspb.LogRecord) string {
	at := "--:--:--.---"
	if r.TimeUnixNano != 0 {
		at = time.Unix(0, int64(r.TimeUnixNano)).UTC().Format("15:04:05.000")
	}
	parts := []string{p.paint(dim, at), p.severity(r), p.paint(blue, fmt.Sprintf("%-6s", service))}
	if r.EventName != "" {
		parts = append(parts, p.paint(bold, r.EventName))
	}
	parts = append(parts, shorten(r.Body.GetStringValue(), 90))
	for _, key := range telling {
		if v := attribute(r, key); v != "" {
			parts = append(parts, p.paint(dim, key+"=")+p.paint(cyan, shorten(v, 28)))
		}
	}
	return strings.Join(parts, " ")
}

// telling are the attributes that fit on a line and help most.
var telling = []string{
	"sora.log", "sora.channel_id", "sora.connection_id", "sora.connection_id_short", "sora.reason",
	"pexip.conference", "pexip.participant", "pexip.reason", "pexip.media.rx.loss_percent", "rtcship.redacted",
}

func attribute(r *logspb.LogRecord, key string) string {
	for _, kv := range r.Attributes {
		if kv.Key != key {
			continue
		}
		switch v := kv.Value.GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			return v.StringValue
		case *commonpb.AnyValue_IntValue:
			return fmt.Sprint(v.IntValue)
		case *commonpb.AnyValue_DoubleValue:
			return fmt.Sprint(v.DoubleValue)
		case *commonpb.AnyValue_BoolValue:
			return fmt.Sprint(v.BoolValue)
		}
	}
	return ""
}

// shorten keeps the first line of s, at most n characters of it, and marks what it left out.
func shorten(s string, n int) string {
	first, _, more := strings.Cut(s, "\n")
	if r := []rune(first); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	if more {
		return first + " …"
	}
	return first
}
