// Command rtcship ships the logs of conferencing servers to an OpenTelemetry
// Collector. This package holds one file per subcommand and no logic of its own.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/grpclog"

	"github.com/rtcship/rtcship/internal/plain"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		slacken()
	}
	os.Exit(run())
}

// run is main without the exit, so that script tests can call it.
func run() int {
	hushLibraries()
	err := newCommand().Execute()
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	default:
		fmt.Fprintln(os.Stderr, "rtcship:", string(plain.Lines([]byte(err.Error()))))
		return 1
	}
}

// hushLibraries has what libraries say of peers, in whose words there may be our own
// headers, not written to standard error: to package log, for which run has a log, and
// gRPC's errors there as well.
func hushLibraries() {
	log.SetOutput(io.Discard)
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, toPackageLog{}))
}

// toPackageLog writes wherever package log does by now.
type toPackageLog struct{}

func (toPackageLog) Write(p []byte) (int, error) { return log.Writer().Write(p) }

// An exitStatus ends the program with itself, when all has been said already.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func newCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rtcship",
		Short: "Ship the logs of WebRTC SFU Sora and Pexip Infinity to OpenTelemetry",
		Long: `rtcship follows the log directory of WebRTC SFU Sora and receives the syslog of
Pexip Infinity, turns each line into an OTLP log record, and delivers the records
in batches to an OpenTelemetry Collector. A position is saved only after the
collector has acknowledged what lies before it.

Begin with "rtcship demo": it needs nothing.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(
		newRunCommand(),
		newDemoCommand(),
		newConvertCommand(),
		newCheckCommand(),
		newExplainCommand(),
		newCallCommand(),
		newTailCommand(),
		newTopCommand(),
		newBundleCommand(),
		newProbeCommand(),
		newStatusCommand(),
		newReplayCommand(),
		newVersionCommand(),
	)
	root.InitDefaultCompletionCmd()
	return root
}
