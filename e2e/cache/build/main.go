// Command build fills the cache of the end-to-end tests with the named programs
// and prints where they are.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/rtcship/rtcship/e2e/cache"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	programs := map[string]func(context.Context, io.Writer) (string, error){
		"collector":     cache.BuildCollector,
		"jaeger":        cache.BuildJaeger,
		"receivers":     cache.BuildReceivers,
		"victoria-logs": cache.BuildVictoriaLogs,
	}
	for _, n := range names {
		build, ok := programs[n]
		if !ok {
			return fmt.Errorf("%q: no such program", n)
		}
		path, err := build(ctx, os.Stderr)
		if err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}
