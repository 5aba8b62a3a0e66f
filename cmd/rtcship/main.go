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

	"github.com/rtcship/rtcship/internal/plain"
)

func main() { os.Exit(run()) }

// run is main without the exit, so that script tests can call it.
func run() int {
	log.SetOutput(io.Discard) // by which libraries quote peers; run has a log for it
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
