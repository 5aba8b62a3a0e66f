package redact

import "strings"

// markdown is the table of names as docs/attributes.md has it.
func markdown() string {
	var b strings.Builder
	b.WriteString("| Name | Where | What it takes |\n|---|---|---|\n")
	for _, rows := range [][]name{names, metadata} {
		for _, n := range rows {
			b.WriteString("| " + n.say() + " | " + n.sayPlaces() + " | " + n.sayForm() + " |\n")
		}
	}
	b.WriteString("\nTelling words: " + strings.Join(tellingWords, ", ") + "; never with `public`.\n")
	return b.String()
}

func (n name) say() string {
	switch s := "`" + n.word + "`"; {
	case n.told:
		return "… " + s + ", with a telling word before it"
	case n.plain:
		return s + ", written like this"
	case n.whole:
		return s
	case n.begins:
		return "… " + s + ", as a word by itself"
	default:
		return "… " + s
	}
}

func (n name) sayPlaces() string {
	var in []string
	for _, p := range []struct {
		place place
		text  string
	}{{structured, "keys in quotes, Erlang terms, XML"}, {assigned, "`name=value`"}, {headed, "`name: value`"}, {queried, "queries of URLs"}, {optioned, "`-name value`"}} {
		if n.places&p.place != 0 {
			in = append(in, p.text)
		}
	}
	s := strings.Join(in, ", ")
	if n.places == everywhere {
		s = "everywhere"
	}
	if n.pexip {
		s += "; Pexip's lines only"
	}
	return s
}

func (n name) sayForm() string {
	switch n.form {
	case random:
		return "anything; behind a bare colon, what no word of a language looks like"
	case header:
		return "anything; in a header, all of it, folded lines too"
	case text:
		return "a string"
	case hexDigits:
		return "32 hexadecimal digits or more"
	case method:
		return "a string that is no method's name, and no other word in small letters"
	case oneTime:
		return "anything but a version; behind `=` and `:` with a digit"
	case everything:
		return "anything, as one; in Sora's `*_error` logs only, unless `redact.metadata` is off"
	}
	return "anything"
}
