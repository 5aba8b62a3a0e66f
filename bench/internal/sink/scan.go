package sink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc/mem"
)

// Tags of the fields on the way to a record's time, from
// opentelemetry-proto's logs_service.proto and logs.proto.
const (
	tagResourceLogs = 1<<3 | wireBytes // ExportLogsServiceRequest.resource_logs
	tagScopeLogs    = 2<<3 | wireBytes // ResourceLogs.scope_logs
	tagLogRecords   = 2<<3 | wireBytes // ScopeLogs.log_records
	tagTime         = 1<<3 | wireFixed64

	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

var errWire = errors.New("not the wire form of an export request")

// A scanner walks one request in wire form and looks at nothing but lengths
// and the times of the records, in place, whatever buffers it arrived in.
type scanner struct {
	r      *mem.Reader
	record func(unixNano uint64)
}

// scan calls record with the time of each record of the request.
func scan(request mem.BufferSlice, record func(unixNano uint64)) error {
	s := scanner{r: request.Reader(), record: record}
	defer s.r.Close()
	err := s.message(s.r.Remaining(), tagResourceLogs, func(n int) error {
		return s.message(n, tagScopeLogs, func(n int) error {
			return s.message(n, tagLogRecords, s.logRecord)
		})
	})
	if errors.Is(err, io.EOF) {
		return errWire
	}
	return err
}

// message walks the fields of a message of n bytes, hands those tagged want
// to inner with their length, and skips the rest.
func (s *scanner) message(n int, want uint64, inner func(n int) error) error {
	end := s.r.Remaining() - n
	for s.r.Remaining() > end {
		tag, err := binary.ReadUvarint(s.r)
		if err != nil {
			return err
		}
		if tag != want {
			if err := s.skip(tag); err != nil {
				return err
			}
			continue
		}
		size, err := binary.ReadUvarint(s.r)
		if err != nil {
			return err
		}
		if size > uint64(s.r.Remaining()-end) {
			return errWire
		}
		if err := inner(int(size)); err != nil {
			return err
		}
	}
	if s.r.Remaining() != end {
		return errWire
	}
	return nil
}

// logRecord reports the time of a record of n bytes, 0 if it has none. What
// follows the time is not looked at.
func (s *scanner) logRecord(n int) error {
	end := s.r.Remaining() - n
	for s.r.Remaining() > end {
		tag, err := binary.ReadUvarint(s.r)
		if err != nil {
			return err
		}
		if tag == tagTime {
			var raw [8]byte
			if _, err := io.ReadFull(s.r, raw[:]); err != nil {
				return err
			}
			s.record(binary.LittleEndian.Uint64(raw[:]))
			return s.discard(s.r.Remaining() - end)
		}
		if err := s.skip(tag); err != nil {
			return err
		}
	}
	s.record(0)
	return s.discard(s.r.Remaining() - end)
}

// skip leaves out the value of a field.
func (s *scanner) skip(tag uint64) error {
	switch tag & 7 {
	case wireVarint:
		_, err := binary.ReadUvarint(s.r)
		return err
	case wireFixed64:
		return s.discard(8)
	case wireFixed32:
		return s.discard(4)
	case wireBytes:
		n, err := binary.ReadUvarint(s.r)
		if err != nil {
			return err
		}
		if n > uint64(s.r.Remaining()) {
			return errWire
		}
		return s.discard(int(n))
	}
	return fmt.Errorf("%w: wire type %d", errWire, tag&7)
}

func (s *scanner) discard(n int) error {
	if n < 0 {
		return errWire
	}
	if n == 0 {
		return nil
	}
	_, err := s.r.Discard(n)
	return err
}
