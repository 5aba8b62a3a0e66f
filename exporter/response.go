package exporter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// A response is what an ExportLogsServiceResponse or ExportTraceServiceResponse
// says.
type response struct {
	rejected int64  // partial_success.rejected_log_records, or rejected_spans
	message  string // partial_success.error_message
	err      error  // it is none; only for gRPC's codec
}

// parseResponse reads an encoded response. Fields it does not know are passed
// over, but neither a known field of another type nor text is taken for one: a
// Status, or "all is well", must not count as an acknowledgement.
func parseResponse(b []byte) (response, error) {
	var r response
	if len(b) > 0 && isText(b) {
		return r, errors.New("parse response: it is text")
	}
	err := eachField(b, func(num protowire.Number, typ protowire.Type, v []byte, _ uint64) error {
		if num != 1 {
			return nil
		}
		if typ != protowire.BytesType {
			return errWrongType
		}
		return r.parsePartial(v)
	})
	if err != nil {
		return response{}, fmt.Errorf("parse response: %w", err)
	}
	return r, nil
}

var errWrongType = errors.New("a field has the wrong type")

func (r *response) parsePartial(b []byte) error {
	return eachField(b, func(num protowire.Number, typ protowire.Type, v []byte, n uint64) error {
		switch {
		case num == 1 && typ == protowire.VarintType:
			r.rejected = max(int64(n), 0)
		case num == 2 && typ == protowire.BytesType:
			r.message = strings.ToValidUTF8(string(v), "?")
		case num == 1 || num == 2:
			return errWrongType
		}
		return nil
	})
}

// isText tells text from an encoded message. Each message that says something,
// and each that was ever defined here, has a byte that no text has: the tag of a
// field, or the length of an empty one.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	return !slices.ContainsFunc(b, func(c byte) bool {
		return c == 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r'
	})
}

// parseJSONResponse reads a response in OTLP's JSON form, which some servers give
// whatever they were sent. Any object is one; what it says of a partial success
// is taken in each way in which protobuf's JSON form can be written.
func parseJSONResponse(b []byte) (response, error) {
	if trimmed := bytes.TrimLeft(b, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return response{}, errors.New("parse response: it is no JSON object")
	}
	var in struct {
		Partial  json.RawMessage `json:"partialSuccess"`
		Original json.RawMessage `json:"partial_success"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return response{}, fmt.Errorf("parse response: %w", err)
	}
	partial := in.Partial
	if partial == nil {
		partial = in.Original
	}
	if partial == nil || string(partial) == "null" {
		return response{}, nil
	}
	return partialFrom(partial), nil
}

func partialFrom(partial json.RawMessage) response {
	var fields map[string]json.RawMessage
	if json.Unmarshal(partial, &fields) != nil {
		return response{message: "a partial success that cannot be read"}
	}
	var r response
	for _, name := range []string{"errorMessage", "error_message"} {
		var message *string
		if json.Unmarshal(fields[name], &message) == nil && message != nil {
			r.message = *message
		}
	}
	for _, name := range []string{"rejectedLogRecords", "rejected_log_records", "rejectedSpans", "rejected_spans"} {
		value, ok := fields[name]
		if !ok || string(value) == "null" {
			continue
		}
		n, ok := wholeNumber(strings.Trim(string(value), `"`))
		if !ok {
			r.message = strings.TrimSpace("a number of rejected records that cannot be read; " + r.message)
		}
		r.rejected = n
	}
	return r
}

// wholeNumber reads a number that is not negative. Protobuf's JSON form writes
// one of 64 bits as a string, and may write 1e3.
func wholeNumber(digits string) (int64, bool) {
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return max(n, 0), true
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil || f != math.Trunc(f) || f > 1<<53 {
		return 0, false
	}
	return max(int64(f), 0), true
}

// eachField calls f for each field of an encoded message, with the bytes of a
// length-delimited one or the number of a varint.
func eachField(b []byte, f func(num protowire.Number, typ protowire.Type, v []byte, n uint64) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var body []byte
		var value uint64
		switch typ {
		case protowire.BytesType:
			body, n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := f(num, typ, body, value); err != nil {
			return err
		}
	}
	return nil
}

// retryInfo returns the delay that a status asks for, and whether there is one.
func retryInfo(st *spb.Status) (time.Duration, bool) {
	for _, detail := range st.GetDetails() {
		var info errdetails.RetryInfo
		if detail.MessageIs(&info) && detail.UnmarshalTo(&info) == nil {
			return max(info.GetRetryDelay().AsDuration(), 0), true
		}
	}
	return 0, false
}
