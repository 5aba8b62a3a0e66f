// Command standin is whatever the cluster test needs beside rtcship and the collector, in one small image:
//
//	sora    writes numbered lines into a log directory, and its last ones after SIGTERM
//	send    sends numbered syslog messages over UDP, TCP or TLS
//	tally   counts the numbers in what the collector's file exporter wrote, and tells them over HTTP
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

var (
	stream  = flag.String("stream", "sora", "name of the numbered stream")
	lines   = flag.Int("lines", 0, "lines to write; 0 = until SIGTERM")
	rate    = flag.Int("rate", 100, "lines a second")
	last    = flag.Int("last", 0, "sora: further lines after SIGTERM")
	linger  = flag.Duration("linger", 2*time.Second, "sora: how long the end takes")
	dir     = flag.String("dir", "/opt/sora/log", "sora: log directory")
	to      = flag.String("to", "", "send: udp://host:port, tcp://… or tls://…")
	file    = flag.String("file", "/data/out.jsonl", "tally: what the file exporter writes")
	address = flag.String("listen", ":8080", "tally: address to answer on")
)

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "standin sora|send|tally FLAGS") }
	if len(os.Args) < 2 {
		log.Fatal("standin sora|send|tally FLAGS")
	}
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	run := map[string]func() error{"sora": sora, "send": send, "tally": tally}[os.Args[1]]
	if run == nil {
		log.Fatalf("no such part: %s", os.Args[1])
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// each calls f with the numbers from first on, at the rate, until there were
// count (0 = no end) or ctx ends.
func each(ctx context.Context, first, count int, f func(n int) error) (next int, err error) {
	const beat = 20 * time.Millisecond
	tick := time.NewTicker(beat)
	defer tick.Stop()
	start := time.Now()
	for next = first; count == 0 || next < first+count; {
		due := first + int(time.Since(start).Seconds()*float64(*rate))
		for ; next < due && (count == 0 || next < first+count); next++ {
			if err := f(next); err != nil {
				return next, err
			}
		}
		select {
		case <-ctx.Done():
			return next, nil
		case <-tick.C:
		}
	}
	return next, nil
}

// sora writes until SIGTERM, then as many lines more as it is told, and says
// how many there were in all.
func sora() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	f, err := os.OpenFile(filepath.Join(*dir, "sora.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	write := func(n int) error {
		_, err := w.WriteString(harness.SoraLine(*stream, n, "") + "\n")
		if err == nil && (w.Buffered() > 32<<10 || *rate < 1000) {
			err = w.Flush()
		}
		return err
	}
	log.Print("writing")
	n, err := each(ctx, 0, *lines, write)
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	log.Printf("wrote %d", n)
	<-ctx.Done()
	log.Printf("SIGTERM after %d", n)
	time.Sleep(*linger)
	for end := n + *last; n < end; n++ {
		if err := write(n); err != nil {
			return err
		}
	}
	// The very last line has no newline: the process ends in the middle of it.
	if _, err := w.WriteString(harness.SoraLine(*stream, n, "")); err != nil {
		return err
	}
	log.Printf("wrote %d in all", n+1)
	return w.Flush()
}

func send() error {
	u, err := url.Parse(*to)
	if err != nil {
		return err
	}
	var conn net.Conn
	if u.Scheme == "tls" {
		// Who answers is not what is tested.
		conn, err = tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
	} else {
		conn, err = net.Dial(u.Scheme, u.Host)
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	n, err := each(context.Background(), 0, *lines, func(n int) error {
		text := harness.PexipLine(*stream, n)
		if u.Scheme != "udp" {
			text += "\n"
		}
		_, err := conn.Write([]byte(text))
		return err
	})
	log.Printf("sent %d over %s", n, u.Scheme)
	return err
}

var sequence = regexp.MustCompile(`\bseq=([\w.-]+)/(\d+)\b`)

// A count is what arrived of one stream.
type count struct {
	Have, Last int // different numbers, and the highest
	Container  string
	Pod        string
	Source     string // of syslog: the peer's address
}

func tally() error {
	var mu sync.Mutex
	reader := harness.Reader{Path: *file}
	seen := 0
	numbers := map[string]map[int]bool{}
	counts := map[string]*count{}
	http.HandleFunc("GET /tally", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		records, err := reader.Read()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, r := range records[seen:] {
			add(numbers, counts, r)
		}
		seen = len(records)
		_ = json.NewEncoder(w).Encode(counts)
	})
	return http.ListenAndServe(*address, nil)
}

func add(numbers map[string]map[int]bool, counts map[string]*count, r harness.Record) {
	m := sequence.FindStringSubmatch(r.Text())
	if m == nil {
		return
	}
	stream := m[1]
	n, _ := strconv.Atoi(m[2])
	if counts[stream] == nil {
		counts[stream], numbers[stream] = &count{Last: -1}, map[int]bool{}
	}
	c := counts[stream]
	c.Last = max(c.Last, n)
	if !numbers[stream][n] {
		numbers[stream][n] = true
		c.Have++
	}
	c.Container, _ = r.Resource["k8s.container.name"].(string)
	c.Pod, _ = r.Resource["k8s.pod.name"].(string)
	c.Source, _ = r.Attributes["network.peer.address"].(string)
}
