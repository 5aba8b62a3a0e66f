package corpus

import (
	"strconv"
	"time"
)

var (
	givenNames  = []string{"Ingrid", "Tomás", "Haruka", "Oluwaseun", "Marguerite", "Dmitri", "Wei", "Fatima"}
	familyNames = []string{"Solberg", "Okafor", "Watanabe", "Lindqvist", "Castellanos", "Brandt", "Nakamura"}
	pexipRooms  = []string{"Board room", "Radiology weekly", "Court 4", "All hands", "Night shift handover"}
)

// pexipSize is the length of a line without its newline. A Detail is cut or
// filled up to reach it.
const pexipSize = 400

// AppendPexip appends one line of Pexip's administrator or support log as an
// RFC 5424 message of 400 bytes, stamped at, and a newline.
func (m *Maker) AppendPexip(dst []byte, at time.Time) []byte {
	start := len(dst)
	at = at.UTC()
	dst = append(dst, `<134>1 `...)
	dst = at.AppendFormat(dst, "2006-01-02T15:04:05.000+00:00")
	dst = append(dst, ' ')
	dst = append(dst, pick(m.rnd, m.systems)...)
	dst = append(dst, ` pexip - - - `...)
	dst = at.AppendFormat(dst, "2006-01-02 15:04:05,000")
	if m.rnd.IntN(4) > 0 {
		dst = m.appendDisconnect(dst)
	} else {
		dst = m.appendMedia(dst)
	}
	for len(dst)-start < pexipSize-1 {
		dst = append(dst, "  no further report"[(len(dst)-start)%19])
	}
	dst = dst[:start+pexipSize-1]
	return append(dst, "\"\n"...)
}

// appendDisconnect appends an administrator line, its last value left open.
func (m *Maker) appendDisconnect(dst []byte) []byte {
	dst = append(dst, ` Level="INFO" Name="administrator.conference" Message="Participant has disconnected."`...)
	dst = m.appendCall(dst)
	dst = append(dst, ` Direction="in" Role="guest" Duration="`...)
	dst = strconv.AppendUint(dst, uint64(m.rnd.IntN(7200)), 10)
	return append(dst, `.318" Detail="Call ended`...)
}

// appendMedia appends a support line, its last value left open.
func (m *Maker) appendMedia(dst []byte) []byte {
	dst = append(dst, ` Level="WARNING" Name="support.participant" Message="Media Stream destroyed"`...)
	dst = m.appendCall(dst)
	dst = append(dst, ` Detail="Stream 1 (video)^M  RX: rate `...)
	dst = strconv.AppendUint(dst, uint64(m.rnd.IntN(3000)), 10)
	return append(dst, `kbps loss 0.25% jitter 4ms^M`...)
}

func (m *Maker) appendCall(dst []byte) []byte {
	dst = append(dst, ` Participant="`...)
	dst = append(dst, pick(m.rnd, m.people)...)
	dst = append(dst, `" Conference="`...)
	dst = append(dst, pick(m.rnd, pexipRooms)...)
	dst = append(dst, `" Call-id="`...)
	dst = m.appendID(dst, 26)
	dst = append(dst, `" Service-tag="" Protocol="WebRTC"`...)
	return dst
}
