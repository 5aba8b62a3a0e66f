// Package record makes one entry into the OTLP record or records it becomes.
//
// A parser finds what an entry says and tells a Builder: attributes as it
// comes upon them, time, severity, event name and body by setting fields. What
// is the same for every source happens here and nowhere else: secrets are
// masked before the parser sees the text, bytes that are no UTF-8 are written
// as \xNN, long bodies are continued in further records, and each record gets
// its log.record.uid.
package record

import (
	"path"
	"slices"
	"unicode/utf8"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// Settings are what all builders of a converter share. They are read-only.
type Settings struct {
	MaxBody  int              // bytes of body in one record; more goes into further records
	Original bool             // adds log.record.original to records whose body is not the whole entry
	Redactor *redact.Redactor // nil masks nothing

	// ObservedAsTime puts the time of a record that has one in place of the
	// time at which its entry was read.
	ObservedAsTime bool

	Calls Calls // what is made of calls besides the records of their lines
}

// Calls says what is made of calls. The zero Calls makes nothing.
type Calls struct {
	Traces   bool   // records name the trace of their call, and a closing line makes a span
	SoraFrom string // which of Sora's logs tells how connections ended: "event_webhook" (the default) or "connection"
	Numbers  bool   // what lines say of calls and of their media is measured
}

// Any reports whether anybody wants to know of calls.
func (c *Calls) Any() bool { return c.Traces || c.Numbers }

// A Builder makes records of entries, one entry at a time:
//
//	b.StartBatch(settings, origin)
//	for each entry {
//		b.Begin(entry)
//		b.Mask()
//		… a parser reads b.Text, adds attributes, sets the fields …
//		records, ends = b.Finish(records, ends)
//	}
//
// The zero Builder is ready for StartBatch and is reused for any number of
// batches; it then allocates nothing. It is not safe for concurrent use.
type Builder struct {
	Origin *entry.Origin
	Entry  *entry.Entry
	Text   []byte // the entry's text with its secrets masked; never change it
	Counts *Counts

	// Numbers takes what lines say of calls and of their media; nil if nobody wants
	// to know. It is set after StartBatch.
	Numbers *cdr.Numbers

	// A parser sets these between Begin and Finish. Slices are read by Finish
	// and must stay as they are until then.
	Time         int64  // nanoseconds since 1970; 0 = not known. Begin sets it to the entry's
	Severity     int    // OTLP severity number; 0 = not known
	SeverityText []byte // as the source wrote it
	EventPrefix  string // the event name's first part, such as "sora."
	EventName    []byte // its second part; the record has no event name if both are empty
	Body         []byte // Begin sets it to Text

	Ref  otlp.SpanRef // the trace of the call that the entry is about, and the span; zero if it does not say
	Call cdr.Record   // of the call that the entry closes; of kind None if it closes none
	Open cdr.Opening  // of the call that the entry opens, likewise

	// Arena is room for texts that are made rather than found, such as a JSON
	// string without its escapes. Append to it; Begin empties it.
	Arena []byte

	settings  *Settings
	attrs     otlp.Writer // attributes of this entry
	common    otlp.Writer // attributes of every entry of the batch
	withFile  bool        // whether common belongs to this entry
	peers     peers
	seed      [2]uint64 // of the uids of this generation
	invalid   int       // bytes of Text that are no UTF-8
	redacted  int
	original  bool
	masked    []byte
	sanitized []byte
	body      []byte
	key       []byte
}

var (
	keyFileName  = otlp.NewKey("log.file.name")
	keyFilePath  = otlp.NewKey("log.file.path")
	keyUID       = otlp.NewKey("log.record.uid")
	keyOriginal  = otlp.NewKey("log.record.original")
	keyPeer      = otlp.NewKey("network.peer.address")
	keyPeerPort  = otlp.NewKey("network.peer.port")
	keyTransport = otlp.NewKey("network.transport")
	keyTLS       = otlp.NewKey("tls.established")
	keyPart      = otlp.NewKey("rtcship.part")
	keyParts     = otlp.NewKey("rtcship.parts")
	keyCut       = otlp.NewKey("rtcship.cut")
	keyInvalid   = otlp.NewKey("rtcship.invalid_utf8")
	keyRedacted  = otlp.NewKey("rtcship.redacted")
	keyError     = otlp.NewKey("rtcship.parse_error")
)

// StartBatch prepares for the entries of one origin.
func (b *Builder) StartBatch(s *Settings, o *entry.Origin, counts *Counts) {
	b.settings, b.Origin, b.Counts, b.Numbers = s, o, counts, nil
	b.seed = uidSeed(o.Generation)
	b.common.Buf = b.common.Buf[:0]
	b.Common(keyFileName, path.Base(o.Path))
	b.Common(keyFilePath, o.Path)
}

// Common adds an attribute to every record of the batch that comes from a
// file. Call it after StartBatch. Names of files are any bytes at all.
func (b *Builder) Common(k otlp.Key, v string) {
	b.common.Text(k, sanitized(&b.sanitized, []byte(v)))
}

// Begin starts on the next entry. The parser must call Mask before it uses Text,
// unless it has asked Suspect about every part of the text that may hold a secret.
func (b *Builder) Begin(e *entry.Entry) {
	b.Entry = e
	text := slices.Clip(e.Text) // what is behind it belongs to others
	b.Text, b.Body = text, text
	b.redacted, b.invalid = 0, 0
	if !isASCII(e.Text) && !utf8.Valid(e.Text) {
		b.invalid = countInvalid(e.Text)
	}
	b.attrs.Buf = b.attrs.Buf[:0]
	b.Arena = b.Arena[:0]
	b.Severity, b.SeverityText, b.EventPrefix, b.EventName = 0, nil, "", nil
	b.Time, b.original = 0, b.settings.Original
	b.Ref, b.Call.Kind, b.Open.Kind = otlp.SpanRef{}, cdr.None, cdr.None
	if !e.Time.IsZero() {
		b.Time = e.Time.UnixNano()
	}
	b.withFile = e.Transport == ""
	if !b.withFile {
		b.attrs.Append(b.peers.of(e))
	}
}

// Redactor is what masks the secrets, nil if nothing does.
func (b *Builder) Redactor() *redact.Redactor { return b.settings.Redactor }

// Suspect tells whether a part of the text may hold a secret, so that Mask
// must be called.
func (b *Builder) Suspect(part []byte) bool {
	r := b.settings.Redactor
	return r != nil && r.SuspectPart(part)
}

// Mask masks the secrets in Text. It sets Text and Body anew, and returns true,
// if there are any.
func (b *Builder) Mask() bool {
	r := b.settings.Redactor
	if r == nil || !r.Suspect(b.Text) {
		return false
	}
	masked, n := r.Append(b.masked[:0], b.Text)
	b.masked = masked
	if n == 0 {
		return false
	}
	b.Text, b.Body, b.redacted = masked, masked, n
	if b.invalid > 0 {
		b.invalid = countInvalid(masked)
	}
	return true
}

// Restart takes back the attributes added since Begin, for a parser that finds
// out late that the entry is not what it took it for.
func (b *Builder) Restart() { b.attrs.Buf = b.attrs.Buf[:0]; b.Arena = b.Arena[:0] }

// ParseError says that the entry could not be understood, and why. The record
// then carries the text as it stands.
func (b *Builder) ParseError(f Format, reason string) {
	b.Counts.ParseErrors[f]++
	b.attrs.String(keyError, reason)
}

// KeepOriginal has the whole text kept in log.record.original, for entries
// that say something which neither body nor attributes can hold.
func (b *Builder) KeepOriginal() { b.original = true }
