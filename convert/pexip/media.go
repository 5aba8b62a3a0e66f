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
	keysRX    = newDirectionKeys("rx") // from the participant
	keysTX    = newDirectionKeys("tx") // to the participant
)

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
	var done mediaParts
	var above mediaParts // direction of the line above
	stream := stream{numbers: b.Numbers}
	for len(detail) > 0 {
		var line []byte
		line, detail = cutAt(detail, '\n')
		line = trimIndent(line)
		switch first := word(line, 0); {
		case string(first) == "Stream":
			stream.begin(line)
			if done&streamPart != 0 {
				done = allParts
				continue
			}
			done |= streamPart
			writeStream(b, line)
		case string(first) == "RX:":
			above = rxPart
			stream.measure(cdr.Received, line)
			done = writeDirection(b, done, rxPart, line)
		case string(first) == "TX:":
			above = txPart
			stream.measure(cdr.Sent, line)
			done = writeDirection(b, done, txPart, line)
		case string(first) == "codec":
			done = writeCodec(b, done, above<<codecShift, line)
		}
	}
}

// mediaParts are parts of the statistics, so that none is written twice.
type mediaParts uint8

const (
	streamPart mediaParts = 1 << iota
	rxPart
	txPart
	rxCodecPart
	txCodecPart

	codecShift = 2 // from a direction to its codec
	allParts   = 1<<5 - 1
)

// A stream is measured in both directions, if anybody wants to know.
type stream struct {
	numbers *cdr.Numbers
	medium  cdr.Medium
	done    [3]bool // by direction
}

func (s *stream) begin(line []byte) {
	*s = stream{numbers: s.numbers, medium: cdr.MediumOf(bytes.Trim(word(line, 2), "()"))}
}

// measure takes what a line says of a direction. Where there was no bit rate there
// were no packets either, and loss and jitter say nothing.
func (s *stream) measure(d cdr.Direction, line []byte) {
	if s.numbers == nil || s.done[d] {
		return
	}
	s.done[d] = true
	rate, loss, jitter := directionValues(line)
	add := func(m cdr.Metric, v []byte, unit string, factor float64) bool {
		x, ok := parseUnit(v, unit)
		if ok = ok && x >= 0; ok {
			s.numbers.Add(cdr.Sample{Metric: m, Kind: cdr.PexipParticipant, Medium: s.medium, Direction: d, Value: x * factor})
		}
		return ok && x > 0
	}
	if flows := add(cdr.MediaBitRate, rate, "kbps", 1e3); flows || rate == nil {
		add(cdr.MediaLoss, loss, "%", 0.01)
		add(cdr.MediaJitter, jitter, "ms", 1e-3)
	}
}

// trimIndent removes blanks before a line, among them the no-break spaces of
// logs that went through a web page.
func trimIndent(line []byte) []byte {
	for {
		switch {
		case len(line) > 0 && (line[0] == ' ' || line[0] == '\t'):
			line = line[1:]
		case bytes.HasPrefix(line, []byte("\u00a0")):
			line = line[2:]
		default:
			return line
		}
	}
}

// writeStream reads "Stream 0 (audio)".
func writeStream(b *record.Builder, line []byte) {
	if n, ok := parseInt(word(line, 1)); ok {
		b.Int(keyStream, n)
	}
	kind := word(line, 2)
	if len(kind) > 2 && kind[0] == '(' && kind[len(kind)-1] == ')' {
		b.Attr(keyKind, kind[1:len(kind)-1])
	}
}

// writeDirection reads "RX: rate 54kbps loss 0.77% jitter 6ms", unless that
// direction is done.
func writeDirection(b *record.Builder, done, part mediaParts, line []byte) mediaParts {
	if done&part != 0 {
		return done
	}
	keys := &keysRX
	if part == txPart {
		keys = &keysTX
	}
	rate, loss, jitter := directionValues(line)
	writeUnit(b, keys.rate, rate, "kbps")
	writeUnit(b, keys.loss, loss, "%")
	writeUnit(b, keys.jitter, jitter, "ms")
	return done | part
}

// directionValues are the words that follow the first rate, loss and jitter.
func directionValues(line []byte) (rate, loss, jitter []byte) {
	for len(line) > 0 {
		var w []byte
		w, line = cutAt(line, ' ')
		switch {
		case string(w) == "rate" && rate == nil:
			rate = word(line, 0)
		case string(w) == "loss" && loss == nil:
			loss = word(line, 0)
		case string(w) == "jitter" && jitter == nil:
			jitter = word(line, 0)
		}
	}
	return rate, loss, jitter
}

// writeCodec reads "codec H264 rate 700kbps resolution 768x448 fps 30", unless
// there is no direction that it belongs to or that direction has a codec.
func writeCodec(b *record.Builder, done, part mediaParts, line []byte) mediaParts {
	if part == 0 || done&part != 0 {
		return done
	}
	keys := &keysRX
	if part == txCodecPart {
		keys = &keysTX
	}
	if codec := word(line, 1); len(codec) > 0 {
		b.Attr(keys.codec, codec)
	}
	writeUnit(b, keys.codecRate, after(line, "rate"), "kbps")
	if w, h, ok := bytes.Cut(after(line, "resolution"), []byte("x")); ok {
		width, okW := parseInt(w)
		height, okH := parseInt(h)
		if okW && okH {
			b.Int(keys.width, width)
			b.Int(keys.height, height)
		}
	}
	writeUnit(b, keys.fps, after(line, "fps"), "")
	return done | part
}

// after is the word that follows name in line, or nil.
func after(line []byte, name string) []byte {
	for len(line) > 0 {
		var w []byte
		w, line = cutAt(line, ' ')
		if string(w) == name {
			return word(line, 0)
		}
	}
	return nil
}

// writeUnit adds a number that is followed by its unit.
func writeUnit(b *record.Builder, key otlp.Key, v []byte, unit string) {
	if x, ok := parseUnit(v, unit); ok {
		b.Double(key, x)
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
