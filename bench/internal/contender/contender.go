// Package contender says how each program that is measured is started: its
// command line, its configuration, and what it can do.
package contender

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/rtcship/rtcship/bench/internal/peer"
	"github.com/rtcship/rtcship/bench/internal/proc"
)

// A Job is what a contender shall do.
type Job struct {
	Dir      string    // follow the logs of this folder, from their beginning, or
	Syslog   string    // receive Pexip's syslog on this address: "tcp://host:port" or "udp://host:port"
	Listen   string    // take OTLP/gRPC on this host:port
	Endpoint string    // host:port of the OTLP/gRPC receiver
	Scratch  string    // an empty folder for configuration, state and log
	Load     peer.Load // for the limit alone

	Compression string // of requests: "none", which "" stands for too, "gzip" or "zstd"
}

func (j Job) compression() string { return cmp.Or(j.Compression, "none") }

// A Contender is a program that is measured.
type Contender struct {
	Name    string
	Command func(Job) (proc.Command, error)
}

// Names of the contenders, as results are kept under them.
const (
	Rtcship   = "rtcship"
	Collector = "collector"
	Nxadm     = "nxadm"
	Limit     = "limit"

	// Receiver and FileLog are the collector that has both, with one at work.
	Receiver = "receiver sora"
	FileLog  = "receiver file_log"

	// Tier is a collector that takes OTLP and hands it on, behind whatever ships.
	Tier = "tier"
)

// Programs are the paths of the binaries.
type Programs struct {
	Rtcship   string
	Collector string
	Receivers string // the collector with the receivers of this tree
	Self      string // this program, which holds the peers
}

// All returns every contender by name.
func (p Programs) All() map[string]Contender {
	return map[string]Contender{
		Rtcship:   {Rtcship, p.rtcship},
		Collector: {Collector, p.collector},
		Nxadm:     {Nxadm, p.nxadm},
		Limit:     {Limit, p.limit},
		Tier:      {Tier, func(j Job) (proc.Command, error) { return configured(p.Collector, j, tier(j)) }},
		Receiver:  {Receiver, func(j Job) (proc.Command, error) { return configured(p.Receivers, j, sora(j)) }},
		FileLog:   {FileLog, func(j Job) (proc.Command, error) { return configured(p.Receivers, j, fileLog(j)) }},
	}
}

// rtcship runs with its default settings.
func (p Programs) rtcship(j Job) (proc.Command, error) {
	env := []string{
		"RTCSHIP_EXPORT_ENDPOINT=http://" + j.Endpoint,
		"RTCSHIP_EXPORT_COMPRESSION=" + j.compression(),
		"RTCSHIP_STATE_DIR=" + filepath.Join(j.Scratch, "state"),
		"RTCSHIP_ADMIN_LISTEN=127.0.0.1:0",
		"RTCSHIP_SORA_LOG_DIR=" + j.Dir, // empty for syslog: nothing is followed
	}
	if j.Syslog != "" {
		env = append(env, "RTCSHIP_PEXIP_LISTEN=["+j.Syslog+"]")
	}
	return proc.Command{Argv: []string{p.Rtcship, "run"}, Env: env, Log: j.log()}, nil
}

func (p Programs) collector(j Job) (proc.Command, error) {
	config := fileLog(j)
	if j.Syslog != "" {
		config = syslog(j)
	}
	return configured(p.Collector, j, config)
}

// configured is a collector with its configuration.
func configured(program string, j Job, config string) (proc.Command, error) {
	path := filepath.Join(j.Scratch, "collector.yaml")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return proc.Command{}, fmt.Errorf("configure collector: %w", err)
	}
	return proc.Command{Argv: []string{program, "--config", path}, Log: j.log()}, nil
}

func (p Programs) nxadm(j Job) (proc.Command, error) {
	files, err := filepath.Glob(filepath.Join(j.Dir, "*.jsonl"))
	if err != nil {
		return proc.Command{}, err
	}
	return proc.Command{Argv: append([]string{p.Self, "nxadm", j.Endpoint}, files...), Log: j.log()}, nil
}

func (p Programs) limit(j Job) (proc.Command, error) {
	argv := []string{p.Self, "limit", j.Endpoint, filepath.Join(j.Dir, "sora.jsonl"),
		fmt.Sprint(j.Load.Lines), fmt.Sprint(j.Load.Requests), fmt.Sprint(j.Load.Bytes)}
	return proc.Command{Argv: argv, Log: j.log()}, nil
}

func (j Job) log() string { return filepath.Join(j.Scratch, "log") }

// FreeAddr returns an address of 127.0.0.1 that nothing listens on, over the
// network "tcp" or "udp".
func FreeAddr(network string) (string, error) {
	if network == "udp" {
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("find a free port: %w", err)
		}
		defer c.Close()
		return c.LocalAddr().String(), nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
