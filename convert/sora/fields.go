package sora

import "github.com/rtcship/rtcship/convert/otlp"

// A fieldID stands for a field of Sora's JSON lines that is treated in a way of
// its own. Fields that two names stand for (node and node_name) have one id.
type fieldID uint8

// A fieldType is the one type that an attribute has for ever.
type fieldType uint8

const (
	typeText   fieldType = iota // strings; anything else as its JSON text
	typeBool                    // booleans; anything else goes to another name
	typeInt                     // integers of 64 bits; likewise
	typeDouble                  // numbers; likewise
	typeList                    // lists of strings; likewise
)

// A fieldSpec says what becomes of a field.
type fieldSpec struct {
	names    []string
	attr     string // the attribute's name after "sora."; "" for a field that becomes none
	typ      fieldType
	identity bool // is lifted even where the body is the line itself
	harmless bool // its texts are made by Sora, and hold no secret
}

const (
	unknownField fieldID = iota
	fieldTimestamp
	fieldLevel
	fieldMsg
	fieldOfType
	fieldReq
	fieldConnectionID
	numSpecial

	fieldMinutes fieldID = iota - 1
	fieldAllowed
	fieldReason
	fieldChecking
	fieldDisconnected
)

// droppedField is an earlier one of fields that occur twice.
const droppedField fieldID = maxFieldIDs - 1

// fieldSpecs lists the fields in the order of their ids. Those that are not
// listed are unknown: text under their own name.
var fieldSpecs = []fieldSpec{
	{names: []string{""}},
	{names: []string{"timestamp"}, attr: "timestamp", harmless: true},
	{names: []string{"level"}, attr: "level_text", harmless: true},
	{names: []string{"msg"}, attr: "msg"},
	{names: []string{"type", "operation"}, attr: "type", identity: true},
	{names: []string{"req"}, attr: "req"},
	{names: []string{"connection_id"}, attr: "connection_id", identity: true, harmless: true},

	// How a connection or a webhook ended: lifted too, from objects within the
	// line as well. The plain name of reason is that of a message's.
	{names: []string{"minutes"}, attr: "minutes", typ: typeInt, identity: true},
	{names: []string{"allowed"}, attr: "allowed", typ: typeBool, identity: true},
	{names: []string{"reason"}, attr: "reason_text", identity: true},
	{names: []string{"total_checking_duration_ms"}, attr: "total_checking_duration_ms", typ: typeInt, identity: true},
	{names: []string{"total_disconnected_duration_ms"}, attr: "total_disconnected_duration_ms", typ: typeInt, identity: true},

	{names: []string{"channel_id"}, attr: "channel_id", identity: true},
	{names: []string{"session_id"}, attr: "session_id", identity: true, harmless: true},
	{names: []string{"client_id"}, attr: "client_id", identity: true},
	{names: []string{"bundle_id"}, attr: "bundle_id", identity: true},
	{names: []string{"group_id"}, attr: "group_id", identity: true},
	{names: []string{"recording_id"}, attr: "recording_id", identity: true},
	{names: []string{"id"}, attr: "id", identity: true},
	{names: []string{"role"}, attr: "role", identity: true, harmless: true},
	{names: []string{"node", "node_name"}, attr: "node", identity: true, harmless: true},
	{names: []string{"version", "sora_version"}, attr: "version", identity: true, harmless: true},
	{names: []string{"pid"}, attr: "pid", identity: true, harmless: true},
	{names: []string{"rtc_id"}, attr: "rtc_id", identity: true},
	{names: []string{"rtc_type"}, attr: "rtc_type", identity: true},
	{names: []string{"domain"}, attr: "domain", typ: typeList, identity: true, harmless: true},
	{names: []string{"multistream"}, attr: "multistream", typ: typeBool, identity: true},
	{names: []string{"simulcast"}, attr: "simulcast", typ: typeBool, identity: true},
	{names: []string{"spotlight"}, attr: "spotlight", typ: typeBool, identity: true},

	{names: []string{"e2ee"}, attr: "e2ee", typ: typeBool},
	{names: []string{"ignore_disconnect_websocket"}, attr: "ignore_disconnect_websocket", typ: typeBool},
	{names: []string{"recording_block"}, attr: "recording_block", typ: typeBool},
	{names: []string{"stats_exporter"}, attr: "stats_exporter", typ: typeBool},
	{names: []string{"log_written"}, attr: "log_written", typ: typeBool},
	{names: []string{"rtc_timestamp"}, attr: "rtc_timestamp", typ: typeDouble},

	{names: []string{"created_time"}, attr: "created_time", typ: typeInt},
	{names: []string{"destroyed_time"}, attr: "destroyed_time", typ: typeInt},
	{names: []string{"start_time"}, attr: "start_time", typ: typeInt},
	{names: []string{"stop_time"}, attr: "stop_time", typ: typeInt},
	{names: []string{"created_at"}, attr: "created_at", typ: typeInt},
	{names: []string{"start_time_offset"}, attr: "start_time_offset", typ: typeInt},
	{names: []string{"stop_time_offset"}, attr: "stop_time_offset", typ: typeInt},
	{names: []string{"size"}, attr: "size", typ: typeInt},
	{names: []string{"split_index"}, attr: "split_index", typ: typeInt},
	{names: []string{"split_last_index"}, attr: "split_last_index", typ: typeInt},
	{names: []string{"total_sent_bytes"}, attr: "total_sent_bytes", typ: typeInt},
	{names: []string{"total_received_bytes"}, attr: "total_received_bytes", typ: typeInt},
	{names: []string{"audio_bit_rate"}, attr: "audio_bit_rate", typ: typeInt},
	{names: []string{"video_bit_rate"}, attr: "video_bit_rate", typ: typeInt},
	{names: []string{"video_width"}, attr: "video_width", typ: typeInt},
	{names: []string{"video_height"}, attr: "video_height", typ: typeInt},
	{names: []string{"max_connections"}, attr: "max_connections", typ: typeInt},
	{names: []string{"total_connections"}, attr: "total_connections", typ: typeInt},
	{names: []string{"channel_connections"}, attr: "channel_connections", typ: typeInt},
	{names: []string{"channel_sendrecv_connections"}, attr: "channel_sendrecv_connections", typ: typeInt},
	{names: []string{"channel_sendonly_connections"}, attr: "channel_sendonly_connections", typ: typeInt},
	{names: []string{"channel_recvonly_connections"}, attr: "channel_recvonly_connections", typ: typeInt},
	{names: []string{"channel_upstream_connections"}, attr: "channel_upstream_connections", typ: typeInt},
	{names: []string{"channel_downstream_connections"}, attr: "channel_downstream_connections", typ: typeInt},

	// Names that rtcship gives to something else; a field called so must not
	// come under the same name.
	{names: []string{"log"}, attr: "log_text"},
	{names: []string{"code"}, attr: "code_text"},
	{names: []string{"category"}, attr: "category_text"},
	{names: []string{"connection_id_short"}, attr: "connection_id_short_text"},
}

// maxFieldIDs is how many ids there may be: as many as a fieldID can tell apart.
const maxFieldIDs = 256

// A fieldTable finds fields by name and knows the keys of their attributes.
type fieldTable struct {
	byName map[string]fieldID
	ids    [maxFieldIDs]fieldKeys
}

type fieldKeys struct {
	fieldSpec
	key   otlp.Key
	text  otlp.Key  // where values of another type go
	bools [2][]byte // the whole attribute, false and true
	hole  uint8     // of a line's shape, where there is a string
}

// newFieldTable panics if there are more fields than ids, which is a fault of the
// program.
func newFieldTable(specs []fieldSpec) *fieldTable {
	if len(specs) > int(droppedField) {
		panic("sora: more fields than there are ids")
	}
	t := &fieldTable{byName: make(map[string]fieldID)}
	for id, spec := range specs {
		t.ids[id] = fieldKeys{
			fieldSpec: spec,

			key:  otlp.NewKey("sora." + spec.attr),
			text: otlp.NewKey("sora." + spec.attr + "_text"),
			hole: holeOf(fieldID(id), spec),
		}
		for i := range 2 {
			var w otlp.Writer
			w.Bool(t.ids[id].key, i == 1)
			t.ids[id].bools[i] = w.Buf
		}
		for _, name := range spec.names {
			t.byName[name] = fieldID(id)
		}
	}
	return t
}

// id is the id of the field called name, or unknownField.
func (t *fieldTable) id(name []byte) fieldID { return t.byName[string(name)] }

// A fieldSet is a set of fields, by their ids.
type fieldSet [maxFieldIDs / 64]uint64

func (s *fieldSet) has(id fieldID) bool { return s[id>>6]>>(id&63)&1 != 0 }

func (s *fieldSet) add(id fieldID) { s[id>>6] |= 1 << (id & 63) }

func (s *fieldSet) addAll(other *fieldSet) {
	for i := range s {
		s[i] |= other[i]
	}
}
