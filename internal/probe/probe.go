// Package probe sends one line through a running rtcship and waits until its
// collector has acknowledged it. It is what `helm test` runs, from the
// product's own image.
package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// A Config says where the line goes in, and where rtcship says what became of it.
type Config struct {
	Write string // a directory that rtcship follows as Sora's; the line is appended to sora.jsonl there
	Send  string // or a syslog listener of rtcship: udp://host:port or tcp://host:port
	Admin string // http://host:port of rtcship's admin listener; a host with several addresses is several processes
	Every time.Duration
}

// Run returns nil once rtcship has had one more record accepted than before,
// and an error that says how far it came when ctx ends. The line is sent again
// from time to time: a datagram may be lost.
func Run(ctx context.Context, c Config, progress func(string)) error {
	if (c.Write == "") == (c.Send == "") {
		return errors.New("want either a directory to write into or a listener to send to")
	}
	source := "pexip"
	if c.Write != "" {
		source = "sora"
	}
	p := &prober{Config: c, source: source}
	before, err := p.first(ctx)
	if err != nil {
		return err
	}
	progress(fmt.Sprintf("%s: %.0f records accepted so far", c.Admin, before))
	return p.until(ctx, before, progress)
}

type prober struct {
	Config
	source string
	sent   int
}

// first waits until rtcship tells its numbers at all.
func (p *prober) first(ctx context.Context) (before float64, err error) {
	for {
		if before, err = p.accepted(ctx); err == nil {
			return before, nil
		}
		if !wait(ctx, time.Second) {
			return 0, fmt.Errorf("rtcship does not answer: %w", err)
		}
	}
}

func (p *prober) until(ctx context.Context, before float64, progress func(string)) error {
	var last error
	for next := time.Now(); ; {
		if !time.Now().Before(next) {
			if last = p.send(ctx); last == nil {
				p.sent++
				progress(fmt.Sprintf("line %d is sent", p.sent))
			}
			next = time.Now().Add(p.Every)
		}
		now, err := p.accepted(ctx)
		if err == nil && p.sent > 0 && now > before {
			progress("the collector has acknowledged it")
			return nil
		}
		if !wait(ctx, min(time.Second, p.Every)) {
			return fmt.Errorf("no record was acknowledged after %d lines: %w", p.sent, errors.Join(last, err, context.Cause(ctx)))
		}
	}
}

func (p *prober) send(ctx context.Context) error {
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	if p.Write != "" {
		return appendLine(filepath.Join(p.Write, "sora.jsonl"),
			fmt.Sprintf(`{"timestamp":%q,"level":"info","msg":"rtcship probe","domain":["sora"],"node":"probe@127.0.0.1"}`, now))
	}
	u, err := url.Parse(p.Send)
	if err != nil {
		return fmt.Errorf("parse listener: %w", err)
	}
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, u.Scheme, u.Host)
	if err != nil {
		return fmt.Errorf("reach listener: %w", err)
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, `<134>%s probe %s Level="INFO" Name="rtcship.probe" Message="rtcship probe."`+"\n",
		time.Now().UTC().Format(time.Stamp), time.Now().UTC().Format("2006-01-02 15:04:05,000"))
	return err
}

func appendLine(path, line string) error {
	f, err := smallfile.Open(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// accepted is how many records of the source the collector has taken, over all processes.
func (p *prober) accepted(ctx context.Context) (sum float64, err error) {
	u, err := url.Parse(p.Admin)
	if err != nil {
		return 0, fmt.Errorf("parse admin address: %w", err)
	}
	addrs, err := net.DefaultResolver.LookupHost(ctx, u.Hostname())
	if err != nil {
		return 0, err
	}
	for _, a := range addrs {
		n, err := scrape(ctx, "http://"+net.JoinHostPort(a, u.Port())+"/metrics", p.source)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func scrape(ctx context.Context, address, source string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", address, resp.Status)
	}
	return sumAccepted(resp.Body, source)
}

// sumAccepted adds up rtcship_records_total of the source with the outcome accepted.
func sumAccepted(r io.Reader, source string) (sum float64, err error) {
	lines := bufio.NewScanner(io.LimitReader(r, 16<<20))
	for lines.Scan() {
		labels, value, ok := strings.Cut(lines.Text(), "} ")
		if !ok || !strings.HasPrefix(labels, "rtcship_records_total{") ||
			!strings.Contains(labels, `source="`+source+`"`) || !strings.Contains(labels, `outcome="accepted"`) {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("read metrics: %w", err)
		}
		sum += n
	}
	return sum, lines.Err()
}

// wait sleeps and reports whether there is time left.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
