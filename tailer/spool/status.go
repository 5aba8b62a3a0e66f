package spool

import "time"

// Status is a snapshot of a spool, for people and for metrics.
type Status struct {
	Segments  int   `json:"segments"` // files on disk
	Bytes     int64 `json:"bytes"`    // in them
	MaxBytes  int64 `json:"max_bytes"`
	Unsettled int64 `json:"unsettled"` // bytes that are not settled yet, headers and damage included

	Messages      uint64    `json:"messages"`      // written since Open
	MessageBytes  uint64    `json:"message_bytes"` // that they take on disk
	TornBytes     uint64    `json:"torn_bytes"`    // cut off by Open, left by a crash
	Damages       uint64    `json:"damages"`       // places since Open at which damaged bytes were passed over, in segments that are gone as well
	DamagedBytes  uint64    `json:"damaged_bytes"` // at those places
	LastDamage    *Damage   `json:"last_damage,omitempty"`
	Faults        uint64    `json:"faults"` // failed writes, syncs and deletions
	FullSince     time.Time `json:"full_since,omitzero"`
	Fault         string    `json:"fault"`      // why nothing can be written at the moment; "" if it can
	LastFault     string    `json:"last_fault"` // the last failure, over or not
	LastFaultTime time.Time `json:"last_fault_time,omitzero"`
	LastSync      time.Time `json:"last_sync,omitzero"`
}

// Status returns the present state.
func (s *Spool) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Status{
		Segments: len(s.segs), Bytes: s.used, MaxBytes: s.cfg.MaxBytes,
		Messages: s.counts.messages, MessageBytes: s.counts.bytes,
		TornBytes: s.counts.torn,
		Damages:   s.counts.damages, DamagedBytes: s.counts.damaged, LastDamage: s.counts.lastDamage,
		Faults: s.counts.faults, FullSince: s.full,
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
