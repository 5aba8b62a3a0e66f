// Command bench measures rtcship side by side with other log shippers on one
// machine: the same lines, the same receiver, in turn, each as a process.
//
//	go run .          everything, five rounds, results into README.md
//	go run . -quick   two minutes, fails when a ratio has become worse
//
// What it prints and keeps are medians, and ratios taken within each round.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/rtcship/rtcship/bench/internal/peer"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what the arguments say. The program starts itself again for the
// receiver and for the contenders that it brings along.
func run(args []string) error {
	if len(args) == 0 {
		return measure(nil)
	}
	switch args[0] {
	case "sink":
		return sink.Serve(os.Stdin, os.Stdout)
	case "nxadm":
		if len(args) < 3 {
			return errors.New("usage: bench nxadm ENDPOINT FILE…")
		}
		return peer.Nxadm(args[1], args[2:])
	case "limit":
		return limit(args[1:])
	}
	return measure(args)
}

func limit(args []string) error {
	if len(args) != 5 {
		return errors.New("usage: bench limit ENDPOINT FILE LINES REQUESTS BYTES")
	}
	var numbers [3]int64
	for i, a := range args[2:] {
		n, err := strconv.ParseInt(a, 10, 64)
		if err != nil {
			return fmt.Errorf("limit: %w", err)
		}
		numbers[i] = n
	}
	return peer.Limit(args[0], args[1], peer.Load{Lines: numbers[0], Requests: numbers[1], Bytes: numbers[2]})
}
