package admin

import (
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog"
)

type (
	listener     = *syslog.ListenerStatus
	spoolStatus  = *spool.Status
	exportStatus = *exporter.Status
	values       = func(s *pipeline.Status, put emit)
)

func perLedger(f func(pipeline.Ledger) int64) values {
	return func(s *pipeline.Status, put emit) {
		for source, l := range s.Ledger {
			put(float64(f(l)), source)
		}
	}
}

func perCount(f func(record.Counts) int) values {
	return func(s *pipeline.Status, put emit) {
		for source, c := range s.Counts {
			put(float64(f(c)), source)
		}
	}
}

func sum(a, b float64) float64     { return a + b }
func largest(a, b float64) float64 { return max(a, b) }

// perLog folds the files of each log into one value.
func perLog(f func(*tailer.FileStatus) float64, fold func(a, b float64) float64) values {
	return func(s *pipeline.Status, put emit) {
		totals := map[[2]string]float64{}
		for i := range s.Files {
			file := &s.Files[i]
			k := [2]string{file.Source, logLabel(file.Log)}
			totals[k] = fold(totals[k], f(&file.FileStatus))
		}
		for k, v := range totals {
			put(v, k[0], k[1])
		}
	}
}

func files(s *pipeline.Status, put emit) {
	n := map[[3]string]float64{}
	for i := range s.Files {
		f := &s.Files[i]
		n[[3]string{f.Source, logLabel(f.Log), string(f.State)}] += float64(max(1, f.Files))
	}
	for k, v := range n {
		put(v, k[0], k[1], k[2])
	}
}

func gaps(f func(entry.Gap) float64) values {
	return func(s *pipeline.Status, put emit) {
		n := map[[3]string]float64{}
		for i := range s.Files {
			file := &s.Files[i]
			for _, g := range file.Gaps {
				n[[3]string{file.Source, logLabel(file.Log), g.Reason}] += f(g)
			}
		}
		for k, v := range n {
			put(v, k[0], k[1], k[2])
		}
	}
}

func perListener(f func(listener) uint64) values {
	return func(s *pipeline.Status, put emit) {
		for i := range s.Listeners {
			l := &s.Listeners[i]
			put(float64(f(l)), l.Listen, l.Transport)
		}
	}
}

func perReason(f func(listener) map[string]uint64) values {
	return func(s *pipeline.Status, put emit) {
		for i := range s.Listeners {
			l := &s.Listeners[i]
			for reason, n := range f(l) {
				put(float64(n), l.Listen, l.Transport, reason)
			}
		}
	}
}

func spoolValue(f func(spoolStatus) float64) values {
	return func(s *pipeline.Status, put emit) {
		if s.Spool != nil {
			put(f(s.Spool))
		}
	}
}

func exportValue(f func(exportStatus) float64) values {
	return func(s *pipeline.Status, put emit) {
		if s.Export != nil {
			put(f(s.Export))
		}
	}
}
