// Command look starts something to look at: a real VictoriaLogs with its page for
// searching, and rtcship's demo, whose made-up Sora and Pexip ship into it
// until it is interrupted. Everything listens on 127.0.0.1 and ends with it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9428", "address of the store and its page")
	ship := flag.String("rtcship", "../bin/rtcship", "the program, as make build leaves it")
	duration := flag.Duration("duration", 0, "how long; 0 = until it is interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *ship, *duration); err != nil {
		fmt.Fprintln(os.Stderr, "look:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, ship string, duration time.Duration) error {
	bin, err := cache.BuildVictoriaLogs(ctx, os.Stderr)
	if err != nil {
		return err
	}
	data, err := os.MkdirTemp("", "rtcship-look-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	store := command(bin, "-httpListenAddr="+listen, "-storageDataPath="+filepath.Join(data, "store"), "-loggerLevel=ERROR")
	if err := store.Start(); err != nil {
		return fmt.Errorf("start the store: %w", err)
	}
	defer end(store)
	if err := healthy(ctx, listen); err != nil {
		return fmt.Errorf("wait for the store: %w", err)
	}
	demo := command(ship, "demo", "--quiet", "--duration", duration.String(), "--endpoint", "http://"+listen+"/insert/opentelemetry", "--protocol", "http/protobuf")
	if err := demo.Start(); err != nil {
		return fmt.Errorf("start the demo: %w", err)
	}
	invite(listen)
	ended := make(chan error, 1)
	go func() { ended <- demo.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return errors.Join(demo.Process.Signal(os.Interrupt), <-ended)
	}
}

// command is a child in a process group of its own, so that an interrupt at the
// terminal reaches only us, who end the children in order.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	return cmd
}

func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
}

func healthy(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health", nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// invite prints where to look. The page keeps what it shows in its address.
func invite(addr string) {
	fmt.Print("\nOpen in a browser:\n\n")
	for _, l := range []struct{ what, query string }{
		{"everything", `*`},
		{"errors of Sora", `{service.name="sora"} severity_number:>=17`},
		{"calls of Pexip", `{service.name="pexip-infinity"} "pexip.call_id":*`},
		{"bad media", `"pexip.media.rx.loss_percent":>0.5`},
	} {
		fmt.Printf("  %-15s http://%s/select/vmui/#/?query=%s&g0.range_input=15m\n", l.what, addr, url.QueryEscape(l.query))
	}
	fmt.Print("\nCtrl-C ends it.\n\n")
}
