package exporter

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protowire"
)

// A response is what an ExportLogsServiceResponse says.
type response struct {
	rejected int64  // partial_success.rejected_log_records
	message  string // partial_success.error_message
}

// parseResponse reads an encoded ExportLogsServiceResponse. Fields it does not
// know are passed over.
func parseResponse(b []byte) (response, error) {
	var r response
	err := eachField(b, func(num protowire.Number, v []byte, n uint64) error {
		if num != 1 {
			return nil
		}
		return eachField(v, func(num protowire.Number, v []byte, n uint64) error {
			switch num {
			case 1:
				r.rejected = max(int64(n), 0)
			case 2:
				r.message = strings.ToValidUTF8(string(v), "?")
			}
			return nil
		})
	})
	if err != nil {
		return response{}, fmt.Errorf("parse response: %w", err)
	}
	return r, nil
}

// parseJSONResponse reads a response in OTLP's JSON form, which some servers give
// whatever they were sent. A 64-bit number is a string there; a number is taken
// as well.
func parseJSONResponse(b []byte) (response, error) {
	var in struct {
		PartialSuccess struct {
			Rejected json.RawMessage `json:"rejectedLogRecords"`
			Message  string          `json:"errorMessage"`
		} `json:"partialSuccess"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return response{}, fmt.Errorf("parse response: %w", err)
	}
	r := response{message: in.PartialSuccess.Message}
	if digits := strings.Trim(string(in.PartialSuccess.Rejected), `"`); digits != "" {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return response{}, fmt.Errorf("parse response: %w", err)
		}
		r.rejected = max(n, 0)
	}
	return r, nil
}

// eachField calls f for each field of an encoded message, with the bytes of a
// length-delimited one or the number of a varint.
func eachField(b []byte, f func(num protowire.Number, v []byte, n uint64) error) error {
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
		if err := f(num, body, value); err != nil {
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
