package pexip

import (
	"bytes"

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
// stream of a text becomes attributes; what is not understood stays in Detail,
// which is kept beside the numbers.
func writeMedia(b *record.Builder, detail []byte) {
	var m mediaWriter
	for len(detail) > 0 {
		var line []byte
		line, detail, _ = bytes.Cut(detail, []byte("\n"))
		line = trimIndent(line)
		first := word(line, 0)
		switch {
		case string(first) == "Stream":
			if m.started {
				return
			}
			m.started = true
			m.stream(b, line)
		case string(first) == "RX:":
			m.direction(b, &keysRX, &m.rx, line)
		case string(first) == "TX:":
			m.direction(b, &keysTX, &m.tx, line)
		case string(first) == "codec" && m.keys != nil && !*m.codec:
			*m.codec = true
			m.codecLine(b, line)
		}
	}
}

// A mediaWriter remembers what was written, so that nothing is written twice.
type mediaWriter struct {
	started bool
	rx, tx  struct{ seen, codec bool }
	keys    *directionKeys // of the line above; nil if there is none
	codec   *bool
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

func (m *mediaWriter) stream(b *record.Builder, line []byte) {
	if n, ok := parseInt(word(line, 1)); ok {
		b.Int(keyStream, n)
	}
	kind := word(line, 2)
	if len(kind) > 2 && kind[0] == '(' && kind[len(kind)-1] == ')' {
		b.Attr(keyKind, kind[1:len(kind)-1])
	}
}

// direction reads "RX: rate 54kbps loss 0.77% jitter 6ms".
func (m *mediaWriter) direction(b *record.Builder, keys *directionKeys, done *struct{ seen, codec bool }, line []byte) {
	m.keys, m.codec = keys, &done.codec
	if done.seen {
		return
	}
	done.seen = true
	writeUnit(b, keys.rate, after(line, "rate"), "kbps")
	writeUnit(b, keys.loss, after(line, "loss"), "%")
	writeUnit(b, keys.jitter, after(line, "jitter"), "ms")
}

// codecLine reads "codec H264 rate 700kbps resolution 768x448 fps 30".
func (m *mediaWriter) codecLine(b *record.Builder, line []byte) {
	if codec := word(line, 1); len(codec) > 0 {
		b.Attr(m.keys.codec, codec)
	}
	writeUnit(b, m.keys.codecRate, after(line, "rate"), "kbps")
	if w, h, ok := bytes.Cut(after(line, "resolution"), []byte("x")); ok {
		width, okW := parseInt(w)
		height, okH := parseInt(h)
		if okW && okH {
			b.Int(m.keys.width, width)
			b.Int(m.keys.height, height)
		}
	}
	writeUnit(b, m.keys.fps, after(line, "fps"), "")
}

// after is the word that follows name in line, or nil.
func after(line []byte, name string) []byte {
	for len(line) > 0 {
		var w []byte
		w, line, _ = bytes.Cut(line, []byte(" "))
		if string(w) == name {
			return word(line, 0)
		}
	}
	return nil
}

// writeUnit adds a number that is followed by its unit.
func writeUnit(b *record.Builder, key otlp.Key, v []byte, unit string) {
	v, ok := bytes.CutSuffix(v, []byte(unit))
	if !ok {
		return
	}
	if x, ok := parseDouble(v); ok {
		b.Double(key, x)
	}
}
