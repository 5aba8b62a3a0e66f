package spool

import "time"

// Status is a snapshot of a spool, for people and for metrics.
type Status struct {
	Segments  int   // files on disk
	Bytes     int64 // in them
	MaxBytes  int64
	Unsettled int64 // bytes that are not settled yet, headers and damage included

	Messages      uint64 // written since Open
	MessageBytes  uint64 // that they take on disk
	TornBytes     uint64 // cut off by Open, left by a crash
	Faults        uint64 // failed writes, syncs and deletions
	FullSince     time.Time
	Fault         string // why nothing can be written at the moment; "" if it can
	LastFault     string // the last failure, over or not
	LastFaultTime time.Time
	LastSync      time.Time
}

// Status returns the present state.
func (s *Spool) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{
		Segments: len(s.segs), Bytes: s.used, MaxBytes: s.cfg.MaxBytes,
		Messages: s.counts.messages, MessageBytes: s.counts.bytes,
		TornBytes: s.counts.torn,
		Faults:    s.counts.faults, FullSince: s.full,
		LastFault: s.counts.lastFault, LastFaultTime: s.counts.lastFaultAt,
		LastSync: s.counts.lastSync,
	}
	if s.fault != nil {
		st.Fault = s.fault.Error()
	}
	for _, seg := range s.segs {
		st.Unsettled += max(0, seg.size-seg.settled)
	}
	return st
}
