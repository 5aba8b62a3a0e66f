package pexip

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

// directionKeys are the attributes of what flows in one direction.
type directionKeys struct {
	rate, loss, jitter, codec, codecRate, width, height, fps otlp.Key
}

func newDirectionKeys(direction string) directionKeys {
	k := func(name string) otlp.Key { return otlp.NewKey(prefix + "media." + direction + "." + name) }
	return directionKeys{
		rate: k("bitrate_kbps"), loss: k("loss_percent"), jitter: k("jitter_ms"),
		codec: k("codec"), codecRate: k("codec_bitrate_kbps"), width: k("width"), height: k("height"), fps: k("fps"),
	}
}

var (
	keyStream = otlp.NewKey(prefix + "media.stream")
	keyKind   = otlp.NewKey(prefix + "media.kind")

	keysOf = [...]directionKeys{cdr.Received: newDirectionKeys("rx"), cdr.Sent: newDirectionKeys("tx")} // from and to the participant
)

// A media is what was read of the statistics of streams.
type media struct {
	*record.Builder
	streams  int        // that began
	medium   cdr.Medium // of the last one
	measured [3]bool    // whether it is, by direction
	written  [3]bool    // whether there are attributes, by direction
	codec    [3]bool    // likewise, of its codec
}

// writeMedia adds the statistics of a media stream as numbers:
//
//	Stream 1 (video)
//	  RX: rate 1085kbps loss 0.00% jitter 3ms
//	  TX: rate 699kbps loss 0.00% jitter 5ms
//	    codec H264 rate 700kbps resolution 768x448 fps 30
//
// A line without a direction belongs to the one above it. Only the first
// stream of a text becomes attributes, and all are measured; what is not understood
// stays in Detail, which is kept beside the numbers.
func writeMedia(b *record.Builder, detail []byte) {
	m := media{Builder: b}
	above := cdr.Both // direction of the line above, if it has one
	for len(detail) > 0 {
		var line []byte
		line, detail = cutAt(detail, '\n')
		line = bytes.TrimLeft(line, " \t\u00a0") // logs that went through a web page have no-break spaces
		switch first := word(line, 0); string(first) {
		case "Stream":
			m.begin(line)
		case "RX:":
			above = cdr.Received
			m.direction(above, line)
		case "TX:":
			above = cdr.Sent
			m.direction(above, line)
		case "codec":
			m.writeCodec(above, line)
		}
	}
}

// begin reads "Stream 0 (audio)".
func (m *media) begin(line []byte) {
	kind := word(line, 2)
	m.medium, m.measured = cdr.MediumOf(bytes.Trim(kind, "()")), [3]bool{}
	if m.streams++; m.streams > 1 {
		return
	}
	if n, ok := parseInt(word(line, 1)); ok {
		m.Int(keyStream, n)
	}
	if len(kind) > 2 && kind[0] == '(' && kind[len(kind)-1] == ')' {
		m.Attr(keyKind, kind[1:len(kind)-1])
	}
}

// direction reads "RX: rate 54kbps loss 0.77% jitter 6ms".
func (m *media) direction(d cdr.Direction, line []byte) {
	rate, loss, jitter := after(line, " rate "), after(line, " loss "), after(line, " jitter ")
	if m.Numbers != nil && !m.measured[d] {
		m.measured[d] = true
		m.measure(d, rate, loss, jitter)
	}
	if m.streams > 1 || m.written[d] {
		return
	}
	m.written[d] = true
	keys := &keysOf[d]
	m.unit(keys.rate, rate, "kbps")
	m.unit(keys.loss, loss, "%")
	m.unit(keys.jitter, jitter, "ms")
}

// measure takes what a line says of a direction. Where there was no bit rate there
// were no packets either, and loss and jitter say nothing.
func (m *media) measure(d cdr.Direction, rate, loss, jitter []byte) {
	add := func(metric cdr.Metric, v []byte, unit string, factor float64) bool {
		x, ok := parseUnit(v, unit)
		if ok = ok && x >= 0; ok {
			m.Numbers.Add(cdr.Sample{Metric: metric, Kind: cdr.PexipParticipant, Medium: m.medium, Direction: d, Value: x * factor})
		}
		return ok && x > 0
	}
	if flows := add(cdr.MediaBitRate, rate, "kbps", 1e3); flows || rate == nil {
		add(cdr.MediaLoss, loss, "%", 0.01)
		add(cdr.MediaJitter, jitter, "ms", 1e-3)
	}
}

// writeCodec reads "codec H264 rate 700kbps resolution 768x448 fps 30".
func (m *media) writeCodec(d cdr.Direction, line []byte) {
	if d == cdr.Both || m.streams > 1 || m.codec[d] {
		return
	}
	m.codec[d] = true
	keys := &keysOf[d]
	if codec := word(line, 1); len(codec) > 0 {
		m.Attr(keys.codec, codec)
	}
	m.unit(keys.codecRate, after(line, " rate "), "kbps")
	if w, h, ok := bytes.Cut(after(line, " resolution "), []byte("x")); ok {
		width, okW := parseInt(w)
		height, okH := parseInt(h)
		if okW && okH {
			m.Int(keys.width, width)
			m.Int(keys.height, height)
		}
	}
	m.unit(keys.fps, after(line, " fps "), "")
}

// after is the word that follows name in line, or nil.
func after(line []byte, name string) []byte {
	_, rest, _ := bytes.Cut(line, []byte(name))
	return word(rest, 0)
}

// unit adds a number that is followed by its unit.
func (m *media) unit(key otlp.Key, v []byte, unit string) {
	if x, ok := parseUnit(v, unit); ok {
		m.Double(key, x)
	}
}

// parseUnit reads a number that is followed by its unit.
func parseUnit(v []byte, unit string) (float64, bool) {
	v, ok := bytes.CutSuffix(v, []byte(unit))
	if !ok {
		return 0, false
	}
	return parseDouble(v)
}
