package pexip

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/record"
)

// streamDestroyed is the event whose Detail holds media statistics.
const streamDestroyed = "pexip.media.stream_destroyed"

// known sets the body and what the catalogue says of the message.
func (p *parse) known() {
	name, text := p.value(fieldName), p.value(fieldMessage)
	var data templateData
	index, tmpl := catalogue.find(name, text, &data)
	p.template = false
	if tmpl != nil {
		for i, id := range tmpl.fields {
			p.lift(id, data[i])
			p.template = p.template || id != 0
		}
	}
	event := ""
	if index >= 0 {
		event = catalogue.events[index].Event
		p.b.EventPrefix = event
		countEvent(p.b, index)
	}
	p.event = index
	detail := p.value(fieldDetail)
	switch {
	case p.field[fieldMessage] == 0:
		p.b.Body = bytes.TrimLeft(p.line.rest, " ")
	case detail != nil && p.signaling(name, index):
		p.message(text, detail, p.value(fieldRequest))
	default:
		p.b.Body = p.broken(text)
	}
	if event == streamDestroyed {
		p.media(detail)
	}
}

func countEvent(b *record.Builder, index int) {
	record.Event(&b.Counts.PexipEvents, len(catalogue.events), index)
}

// message sets the body of a signaling message, and the attributes that are
// found in it.
func (p *parse) message(text, detail, request []byte) {
	body, at := p.withDetail(text, detail)
	p.b.Body = body
	if isRepr(detail) {
		detail = p.broken(detail)
	} else {
		detail = body[at:]
	}
	p.signal(detail, request)
}

// media adds the statistics in Detail.
func (p *parse) media(detail []byte) {
	p.detail = p.broken(detail)
	writeMedia(p.b, p.detail)
}

// signaling reports whether Detail is a message of a protocol. Where neither
// Name nor Message is known, a source and a target tell.
func (p *parse) signaling(name []byte, index int) bool {
	i, ok := catalogue.module[string(name)]
	if !ok && index >= 0 {
		i, ok = catalogue.module[catalogue.events[index].Module]
	}
	if ok {
		return catalogue.events[i].Signaling
	}
	return p.field[fieldSource] > 0 || p.field[fieldTarget] > 0
}

// withDetail is the body of a signaling message: the text, a line break, and
// the message itself with its line breaks restored, which begins at position at.
func (p *parse) withDetail(text, detail []byte) (body []byte, at int) {
	p.quirk |= detailInBody
	start := len(p.b.Arena)
	b := append(appendBroken(p.b.Arena, text), '\n')
	at = len(b) - start
	if isRepr(detail) {
		b = appendRepr(b, detail)
	} else {
		b = appendBroken(b, detail)
	}
	p.b.Arena = b
	return b[start:len(b):len(b)], at
}

// isRepr reports whether v is bytes as Python prints them.
func isRepr(v []byte) bool {
	return bytes.HasPrefix(v, []byte("b'")) || bytes.HasPrefix(v, []byte(`b"`))
}

// appendRepr appends text that Python printed as bytes, with line breaks for
// the \r\n and \n in it.
func appendRepr(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			dst = append(dst, v[i])
			continue
		}
		switch {
		case v[i+1] == 'n':
			dst = append(dst, '\n')
		case v[i+1] == 'r' && i+3 < len(v) && v[i+2] == '\\' && v[i+3] == 'n':
			dst = append(dst, '\n')
			i += 2
		default:
			dst = append(dst, v[i], v[i+1])
		}
		i++
	}
	return dst
}

// trimPeriod removes periods and blanks at the end of a text.
func trimPeriod(text []byte) []byte { return bytes.TrimRight(text, ". ") }
