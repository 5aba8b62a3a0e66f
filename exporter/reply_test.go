package exporter

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func gzipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	z.Close()
	return b.String()
}

func zstded(s string) string {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	defer z.Close()
	return string(z.EncodeAll([]byte(s), nil))
}

// endless is a body that never ends.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// brokenOff is a body that ends in the middle.
type brokenOff struct{ io.Reader }

func (b brokenOff) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// What is an acknowledgement over HTTP, and what is none.
func TestAcknowledgements(t *testing.T) {
	partial := string(mustMarshal(&collectorpb.ExportLogsServiceResponse{
		PartialSuccess: &collectorpb.ExportLogsPartialSuccess{RejectedLogRecords: 3, ErrorMessage: "too old"},
	}))
	busy := string(mustMarshal(&spb.Status{Code: int32(codes.Unavailable), Message: "busy"}))
	type test struct {
		name     string
		status   int
		encoding string
		kind     string // Content-Type
		body     io.Reader
		rejected int64 // -1: it is none
		message  string
	}
	s := func(s string) io.Reader { return strings.NewReader(s) }
	tests := []test{
		{"the collector", 200, "", "application/x-protobuf", s("\n\x00"), 0, ""},
		{"the collector in JSON", 200, "", "application/json", s(`{"partialSuccess":{}}`), 0, ""},
		{"Loki", 204, "", "", s(""), 0, ""},
		{"VictoriaLogs", 200, "", "", s(""), 0, ""},
		{"202", 202, "", "text/plain", s(""), 0, ""},
		{"299", 299, "", "", s(""), 0, ""},
		{"nothing, said to be a web page", 200, "", "text/html", s(""), 0, ""},
		{"nothing, said to be compressed", 200, "gzip", "", s(""), 0, ""},
		{"protobuf, said to be text", 200, "", "text/plain", s(partial), 3, "too old"},
		{"protobuf without a type", 200, "", "", s(partial), 3, "too old"},
		{"protobuf in gzip", 200, "gzip", "application/x-protobuf", s(gzipped(partial)), 3, "too old"},
		{"protobuf in x-gzip", 200, "X-GZIP", "application/x-protobuf", s(gzipped(partial)), 3, "too old"},
		{"protobuf in zstd", 200, "zstd", "application/x-protobuf", s(zstded(partial)), 3, "too old"},
		{"a field of tomorrow", 200, "", "application/x-protobuf", s(partial + "\x12\x03abc"), 3, "too old"},
		{"only fields of tomorrow", 200, "", "application/x-protobuf", s("\x12\x03abc\x18\x01"), 0, ""},
		{"a negative number", 200, "", "application/x-protobuf", s("\n\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0, ""},
		{"a message that is no UTF-8", 200, "", "application/x-protobuf", s("\n\x05\x12\x03a\xffb"), 0, "a?b"},
		{"JSON", 200, "", "application/json", s(" {}\n"), 0, ""},
		{"JSON, said to be text", 200, "", "text/plain", s(`{"status":"ok"}`), 0, ""},
		{"JSON with rejections", 200, "", "application/json", s(`{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}`), 3, "too old"},
		{"JSON with a number", 200, "", "application/json; charset=utf-8", s(`{"partialSuccess":{"rejectedLogRecords":2}}`), 2, ""},
		{"JSON with an exponent", 200, "", "", s(`{"partialSuccess":{"rejectedLogRecords":"2e2"}}`), 200, ""},
		{"JSON with protobuf's names", 200, "", "", s(`{"partial_success":{"rejected_log_records":"4","error_message":"x"}}`), 4, "x"},
		{"JSON with nulls", 200, "", "", s(`{"partialSuccess":{"rejectedLogRecords":null,"errorMessage":null}}`), 0, ""},
		{"JSON with a null", 200, "", "", s(`{"partialSuccess":null}`), 0, ""},
		{"JSON with nonsense", 200, "", "", s(`{"partialSuccess":"no"}`), 0, "a partial success that cannot be read"},
		{"JSON with many", 200, "", "", s(`{"partialSuccess":{"rejectedLogRecords":"many"}}`), 0, "a number of rejected records that cannot be read;"},

		{"text", 200, "", "text/plain", s("ok"), -1, "none of OTLP's: ok"},
		{"text that is protobuf by its letters", 200, "", "text/plain", s("a12345678"), -1, "a12345678"},
		{"a newline", 200, "", "text/plain", s("\n"), -1, "none of OTLP's"},
		{"text, said to be protobuf", 200, "", "application/x-protobuf", s("accepted"), -1, "accepted"},
		{"a web page", 200, "", "text/html", s("<h1>Log in</h1>"), -1, "<h1>Log in</h1>"},
		{"a web page, said to be protobuf", 200, "", "application/x-protobuf", s("<!DOCTYPE html>"), -1, "<!DOCTYPE"},
		{"noise", 200, "", "application/x-protobuf", s("\xff"), -1, ""},
		{"protobuf cut short", 200, "", "application/x-protobuf", s(partial[:len(partial)-1]), -1, ""},
		{"a google.rpc.Status", 200, "", "application/x-protobuf", s(busy), -1, ""},
		{"a number where the message should be", 200, "", "application/x-protobuf", s("\x08\x01"), -1, ""},
		{"numbers as text in protobuf", 200, "", "application/x-protobuf", s("\n\x03\x0a\x013"), -1, ""},
		{"a JSON list", 200, "", "application/json", s(`[{"partialSuccess":{}}]`), -1, ""},
		{"a JSON text", 200, "", "application/json", s(`"ok"`), -1, ""},
		{"a JSON null", 200, "", "application/json", s(`null`), -1, ""},
		{"JSON cut short", 200, "", "application/json", s(`{"partialSuccess":{}`), -1, ""},
		{"two JSON objects", 200, "", "application/json", s(`{}{}`), -1, ""},
		{"zeros", 200, "", "application/x-protobuf", s("\x00\x00\x00"), -1, ""},
		{"zeros without an end", 200, "", "application/x-protobuf", endless(0), -1, "more than"},
		{"blanks without an end", 200, "", "application/json", endless(' '), -1, "more than"},
		{"a JSON object without an end", 200, "", "application/json", io.MultiReader(s(`{"a":"`), endless('x')), -1, "more than"},
		{"gzip of too much", 200, "gzip", "", s(gzipped(strings.Repeat(" ", 4<<20) + "{}")), -1, "more than"},
		{"zstd of too much", 200, "zstd", "", s(zstded(strings.Repeat(" ", 4<<20) + "{}")), -1, "more than"},
		{"said to be gzip", 200, "gzip", "", s("{}"), -1, "decompressed"},
		{"an unknown encoding", 200, "br", "", s("{}"), -1, "decompressed"},
		{"gzip twice", 200, "gzip, gzip", "", s(gzipped(gzipped("{}"))), -1, "decompressed"},
		{"broken off", 200, "", "application/json", brokenOff{s(`{"a":1}`)}, -1, "breaks off"},
		{"broken off before it began", 200, "", "", brokenOff{s("")}, -1, "breaks off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := &http.Response{StatusCode: tt.status, Header: http.Header{}, Body: io.NopCloser(tt.body)}
			resp.Header.Set("Content-Encoding", tt.encoding)
			resp.Header.Set("Content-Type", tt.kind)
			in := readReply(resp)
			a := classifyHTTP(resp, in, time.Now(), false)
			if tt.rejected < 0 {
				if a.verdict != unwelcome || a.code != "HTTP 200" || !strings.Contains(a.hint, "nothing was settled") || !strings.Contains(a.message, tt.message) {
					t.Errorf("taken for an acknowledgement, or without a way out: %+v", a)
				}
			} else if a.verdict != accepted || a.code != "OK" || a.rejected != tt.rejected || !strings.HasPrefix(a.message, tt.message) || a.form == "" {
				t.Errorf("%+v", a)
			}
			if a := classifyHTTP(resp, in, time.Now(), true); a.verdict != accepted || a.rejected != max(tt.rejected, 0) {
				t.Errorf("by its status: %+v", a)
			}
			in.early = true
			for _, byStatus := range []bool{false, true} {
				if a := classifyHTTP(resp, in, time.Now(), byStatus); a.verdict != unwelcome {
					t.Errorf("before the records have left: %+v", a)
				}
			}
		})
	}
}

// What gRPC's client itself says of an answer says nothing about the records.
func TestUnusableGRPCAnswers(t *testing.T) {
	for _, tt := range []struct {
		code    codes.Code
		message string
		want    verdict
		as      string
	}{
		{codes.ResourceExhausted, "grpc: received message larger than max (5000000 vs. 1048575)", unwelcome, CodeUnusable},
		{codes.ResourceExhausted, "grpc: received message larger than max (3000000 vs. 1048576)", tooLarge, "RESOURCE_EXHAUSTED"},
		{codes.ResourceExhausted, "grpc: received message after decompression larger than max 1048575", unwelcome, CodeUnusable},
		{codes.Internal, "peer header list size exceeded limit", unwelcome, CodeUnusable},
		{codes.Internal, "unexpected EOF", unwelcome, CodeUnusable},
		{codes.Internal, "rpc error: unexpected EOF", faulty, "INTERNAL"},
		{codes.Unknown, `unexpected HTTP status code received from server: 200 (OK); transport: received unexpected content-type "text/html"`, unwelcome, CodeUnusable},
		{codes.Unknown, `unexpected HTTP status code received from server: 413 (Request Entity Too Large); transport: received`, tooLarge, "UNKNOWN"},
		{codes.Unavailable, `unexpected HTTP status code received from server: 503 (Service Unavailable)`, again, "UNAVAILABLE"},
	} {
		if a := classifyGRPC(status.New(tt.code, tt.message), response{}); a.verdict != tt.want || a.code != tt.as {
			t.Errorf("%s %q: %+v", tt.code, tt.message, a)
		}
	}
	if a := classifyGRPC(status.New(codes.OK, ""), response{err: errors.New("garbage")}); a.verdict != unwelcome || a.code != CodeUnusable {
		t.Errorf("%+v", a)
	}
}
