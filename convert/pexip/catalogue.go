package pexip

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A Message is a kind of message that Pexip Infinity is known to log, or, if
// Message is empty, a module: what holds for any other message of it.
type Message struct {
	Event      string   `json:"event"`   // event name of the records, the same for ever
	Module     string   `json:"module"`  // value of Name
	Message    string   `json:"message"` // text; <name> stands for data, and * at the end for anything
	Level      string   `json:"level"`   // as it is usually logged; "" if not known
	Documented bool     `json:"documented"`
	Parameters []string `json:"parameters"` // keys of the pairs that come with it
	Meaning    string   `json:"meaning"`
	MeaningJA  string   `json:"meaning_ja"` // the same in Japanese
	Look       string   `json:"look"`       // what to look at first; "" if there is nothing to do
	Signaling  bool     `json:"signaling"`  // of a module: Detail is a message of a protocol
}

//go:embed catalogue.json
var catalogueJSON []byte

// catalogue is catalogue.json, indexed. It is never changed.
var catalogue = loadCatalogue(catalogueJSON)

// Fields that the parser has to do with.
const (
	fieldUnknown uint8 = iota
	fieldLevel
	fieldName
	fieldMessage
)

var (
	fieldDetail     = catalogue.attribute["detail"]
	fieldMethod     = catalogue.attribute["method"]
	fieldCallID     = catalogue.attribute["call_id"]
	fieldCSeq       = catalogue.attribute["cseq"]
	fieldStatusCode = catalogue.attribute["status_code"]
	fieldRequest    = catalogue.attribute["request"]
	fieldSource     = catalogue.attribute["src_address"]
	fieldTarget     = catalogue.attribute["dst_address"]
)

// A catalog knows the messages, modules and keys.
type catalog struct {
	events    []Message // the messages and, after them, the modules
	fields    []field
	exact     map[string]int   // index of a message, by text without the final period
	module    map[string]int   // index of a module
	spelled   map[string]uint8 // index into fields, by key as it is usually spelled
	folded    map[string]uint8 // likewise, by folded key
	attribute map[string]uint8 // index into fields, by attribute name without its prefix
	templates []template
}

// loadCatalogue panics on a faulty catalogue, which is part of the program.
func loadCatalogue(data []byte) *catalog {
	var file struct {
		Fields []struct {
			Name, Attribute, Type, Meaning string
		}
		Modules, Messages []Message
	}
	if err := json.Unmarshal(data, &file); err != nil {
		panic("pexip: catalogue: " + err.Error())
	}
	c := &catalog{
		events:    append(file.Messages, file.Modules...),
		exact:     make(map[string]int),
		module:    make(map[string]int),
		spelled:   make(map[string]uint8),
		folded:    make(map[string]uint8),
		attribute: make(map[string]uint8),
	}
	c.addField("", "", "none", "") // fieldUnknown
	c.addField("Level", "", "level", "")
	c.addField("Name", "module", "name", "The module that logged it")
	c.addField("Message", "", "message", "")
	for _, f := range file.Fields {
		c.addField(f.Name, f.Attribute, f.Type, f.Meaning)
	}
	for i, m := range c.events {
		if m.Message == "" {
			c.module[m.Module] = i
		} else {
			c.addMessage(i, m.Message)
		}
	}
	return c
}

func (c *catalog) addField(name, attribute, kind, meaning string) {
	if len(c.fields) == lifted {
		panic("pexip: catalogue: more fields than there are ids")
	}
	id := uint8(len(c.fields))
	c.fields = append(c.fields, newField(name, attribute, kind, meaning))
	if name != "" {
		c.addKey(id, name)
	}
	if attribute != "" {
		c.attribute[attribute] = id
	}
}

func (c *catalog) addMessage(index int, text string) {
	if strings.ContainsAny(text, "<*") {
		c.templates = append(c.templates, c.newTemplate(index, text))
		return
	}
	c.exact[strings.TrimSuffix(text, ".")] = index
}

// find returns the index of the event that text of module is, or -1. If text matches
// a template, that is returned too, and the data in the text.
func (c *catalog) find(module, text []byte, data *templateData) (int, *template) {
	text = trimPeriod(text)
	if i, ok := c.exact[string(text)]; ok {
		return i, nil
	}
	for i := range c.templates {
		if t := &c.templates[i]; t.match(text, data) {
			return t.index, t
		}
	}
	if i, ok := c.module[string(module)]; ok {
		return i, nil
	}
	return -1, nil
}

// A template is a text with data in it.
type template struct {
	index  int      // of the message
	pieces [][]byte // fixed texts; between two of them is data
	fields []uint8  // where the data goes; 0 = nowhere
}

func (c *catalog) newTemplate(index int, text string) template {
	t := template{index: index}
	for {
		before, rest, found := strings.Cut(text, "<")
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, ">")
		t.pieces = append(t.pieces, []byte(before))
		t.fields = append(t.fields, c.attribute[name])
		text = after
	}
	if rest, found := strings.CutSuffix(text, "*"); found {
		t.pieces = append(t.pieces, []byte(rest))
		t.fields = append(t.fields, 0)
		text = ""
	}
	t.pieces = append(t.pieces, []byte(text))
	if len(t.fields) > len(templateData{}) {
		panic("pexip: catalogue: too much data in " + strconv.Quote(c.events[index].Message))
	}
	return t
}

// templateData is the data in a text, in the order of its template.
type templateData [16][]byte

// match reports whether text follows the template, and sets data. Data ends
// where the next piece first occurs; the last piece must end the text.
func (t *template) match(text []byte, data *templateData) bool {
	n := len(t.pieces) - 1
	first, last := t.pieces[0], t.pieces[n]
	if len(text) < len(first)+len(last) || !bytes.HasPrefix(text, first) || !bytes.HasSuffix(text, last) {
		return false
	}
	rest := text[len(first) : len(text)-len(last)]
	for i, piece := range t.pieces[1:n] {
		at := bytes.Index(rest, piece)
		if at < 0 {
			return false
		}
		data[i], rest = rest[:at], rest[at+len(piece):]
	}
	data[n-1] = rest
	return true
}

// Messages returns all known messages and, after them, the modules. The index
// of an event in it is the one that records are counted by.
func Messages() []Message { return slices.Clone(catalogue.events) }

// Lookup returns what text stands for, case and a final period apart: a module
// and then its messages, the message whose event or text it is, or else all
// whose event or text it is a part of. A line's own Message will do where the
// catalogue has a template.
func Lookup(text string) []Message {
	text = strings.ToLower(strings.TrimRight(strings.TrimSpace(text), " ."))
	if text == "" {
		return nil
	}
	var module, exact, part []Message
	for _, m := range Messages() {
		switch known := strings.ToLower(strings.TrimRight(m.Message, ".*")); {
		case m.Module == text && m.Message == "":
			module = append([]Message{m}, module...)
		case m.Module == text:
			module = append(module, m)
		case known == text, m.Event == text, catalogue.fitsTemplate(m.Message, text):
			exact = append(exact, m)
		case strings.Contains(known, text), strings.Contains(m.Event, text):
			part = append(part, m)
		}
	}
	switch {
	case len(module) > 0:
		return module
	case len(exact) > 0:
		return exact
	}
	return part
}

// fitsTemplate reports whether lower, in small letters, follows the template that
// message is, if it is one.
func (c *catalog) fitsTemplate(message, lower string) bool {
	if !strings.ContainsAny(message, "<*") {
		return false
	}
	t := c.newTemplate(0, strings.ToLower(message))
	return t.match([]byte(lower), new(templateData))
}
