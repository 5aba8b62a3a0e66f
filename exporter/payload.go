package exporter

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
)

// Field tags of ExportLogsServiceRequest, ResourceLogs and ScopeLogs, all of
// them length-delimited.
const (
	tagResourceLogs = 1<<3 | 2
	tagResource     = 1<<3 | 2
	tagScopeLogs    = 2<<3 | 2
	tagScope        = 1<<3 | 2
)

// maxFieldHeader is the longest tag and length of a field below 2 GiB.
const maxFieldHeader = 6

// smallRecords is the size up to which records are copied into the header
// buffer: gRPC counts references only on buffers over 1 KiB, and a short write
// costs more than a short copy.
const smallRecords = 2048

// A payload is an encoded ExportLogsServiceRequest in segments: headers made
// here, and records where their owner has them.
type payload struct {
	head     []byte    // all headers, resources, scopes and small records, one after another
	segments []segment // in order
	flushed  int       // how much of head is in segments
	size     int
	records  int
	packed   *bytes.Buffer // the compressed bytes, or nil
	order    []piece
	lost     bool // the network may still refer to head: it is not used again
}

// A segment is either records or a part of payload.head.
type segment struct {
	data     []byte
	from, to int // of head, if data is nil
}

func (p *payload) bytes(s segment) []byte {
	if s.data != nil {
		return s.data
	}
	return p.head[s.from:s.to]
}

// borrowed returns how many segments are records.
func (p *payload) borrowed() int {
	n := 0
	for _, s := range p.segments {
		if s.data != nil {
			n++
		}
	}
	return n
}

// wireSize is what goes over the network.
func (p *payload) wireSize() int {
	if p.packed != nil {
		return p.packed.Len()
	}
	return p.size
}

// payloads keeps the buffers of payloads that have been sent.
type payloads struct{ pool sync.Pool }

func (ps *payloads) get() *payload {
	if p, ok := ps.pool.Get().(*payload); ok {
		return p
	}
	return &payload{head: make([]byte, 0, 4096)}
}

func (ps *payloads) put(p *payload) {
	if p.lost {
		return
	}
	clear(p.segments) // they point to records that are not ours
	clear(p.order)
	p.head, p.segments, p.order = p.head[:0], p.segments[:0], p.order[:0]
	p.flushed, p.size, p.records, p.packed = 0, 0, 0, nil
	if cap(p.head) <= 1<<20 {
		ps.pool.Put(p)
	}
}

// encode fills p with pieces, one ResourceLogs for each resource and within it
// one ScopeLogs for each scope.
func (p *payload) encode(pieces []piece) {
	p.order = regroup(p.order, pieces)
	rest := p.order
	for len(rest) > 0 {
		n := run(rest, sameResource)
		p.resourceLogs(rest[:n])
		rest = rest[n:]
	}
	p.flushHead()
	for _, s := range p.segments {
		p.size += len(p.bytes(s))
	}
}

// regroup orders pieces so that those of one resource and scope stand
// together, and otherwise as they came.
func regroup(dst, pieces []piece) []piece {
	dst = append(dst, pieces...)
	if run(dst, sameScope) == len(dst) { // as most are
		return dst
	}
	type place struct{ resource, scope, piece int }
	places := make([]place, len(dst))
	resources, scopes := ranks{}, ranks{}
	for i, p := range dst {
		places[i] = place{resources.of(p.group.Resource), scopes.of(p.group.Scope), i}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(a.resource-b.resource, a.scope-b.scope, a.piece-b.piece)
	})
	for i, at := range places {
		dst[i] = pieces[at.piece]
	}
	return dst
}

// ranks number messages in the order in which they first come.
type ranks map[string]int

func (r ranks) of(message []byte) int {
	n, ok := r[string(message)]
	if !ok {
		n = len(r)
		r[string(message)] = n
	}
	return n
}

// run returns how many pieces at the beginning are the same as the first.
func run(pieces []piece, same func(a, b piece) bool) int {
	n := min(1, len(pieces))
	for n < len(pieces) && same(pieces[0], pieces[n]) {
		n++
	}
	return n
}

func sameResource(a, b piece) bool { return same(a.group.Resource, b.group.Resource) }

func sameScope(a, b piece) bool {
	return sameResource(a, b) && same(a.group.Scope, b.group.Scope)
}

func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || bytes.Equal(a, b))
}

func (p *payload) resourceLogs(pieces []piece) {
	resource := pieces[0].group.Resource
	size := fieldSize(resource)
	for rest := pieces; len(rest) > 0; {
		n := run(rest, sameScope)
		body := scopeLogsSize(rest[:n])
		size += 1 + varintSize(body) + body
		rest = rest[n:]
	}
	p.header(tagResourceLogs, size)
	p.field(tagResource, resource)
	for rest := pieces; len(rest) > 0; {
		n := run(rest, sameScope)
		p.scopeLogs(rest[:n])
		rest = rest[n:]
	}
}

func (p *payload) scopeLogs(pieces []piece) {
	p.header(tagScopeLogs, scopeLogsSize(pieces))
	p.field(tagScope, pieces[0].group.Scope)
	for _, piece := range pieces {
		if piece.call != nil { // not a probe
			p.records += piece.records()
		}
		p.add(piece.bytes())
	}
}

func scopeLogsSize(pieces []piece) int {
	size := fieldSize(pieces[0].group.Scope)
	for _, p := range pieces {
		size += p.size()
	}
	return size
}

func (p *payload) add(records []byte) {
	if len(records) <= smallRecords {
		p.head = append(p.head, records...)
		return
	}
	p.flushHead()
	p.segments = append(p.segments, segment{data: records})
}

// flushHead makes a segment of what was appended to head since the last one.
func (p *payload) flushHead() {
	if p.flushed < len(p.head) {
		p.segments = append(p.segments, segment{from: p.flushed, to: len(p.head)})
		p.flushed = len(p.head)
	}
}

func (p *payload) header(tag byte, size int) {
	p.head = binary.AppendUvarint(append(p.head, tag), uint64(size))
}

// field appends a message; an empty one is left out, which means the same.
func (p *payload) field(tag byte, body []byte) {
	if len(body) > 0 {
		p.header(tag, len(body))
		p.head = append(p.head, body...)
	}
}

func fieldSize(body []byte) int {
	if len(body) == 0 {
		return 0
	}
	return 1 + varintSize(len(body)) + len(body)
}

func varintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}
