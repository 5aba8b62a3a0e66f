package story

import (
	"fmt"
	"strings"

	"github.com/rtcship/rtcship/internal/meaning"
	"github.com/rtcship/rtcship/internal/reader"
	"github.com/rtcship/rtcship/internal/screen"
)

// A Printer writes one line for each record: time, level, log, channel or
// conference, who, connection or call, what happened.
type Printer struct {
	Screen  *screen.Screen
	Lang    meaning.Lang
	Explain bool
	buf     strings.Builder
}

// Print writes a record.
func (p *Printer) Print(r *reader.Record) error {
	v := Look(r)
	p.buf.Reset()
	p.add(&v)
	_, err := fmt.Fprint(p.Screen.W, p.buf.String())
	return err
}

// indent is that of lines that go on below.
const indent = 4

func (p *Printer) add(v *View) {
	sc := p.Screen
	style := screen.OfSeverity(v.Severity)
	stamp := "-"
	if !v.Time.IsZero() {
		stamp = v.Time.Format("2006-01-02 15:04:05.000")
	}
	columns := []struct {
		text  string
		width int
		style screen.Style
	}{
		{stamp, 23, screen.Dim},
		{LevelShort(v.Level), 5, style},
		{shortLog(v.Log), 13, screen.Dim},
		{v.Where, 0, screen.Cyan},
		{v.Who, 0, screen.Green},
		{Short(v.ID), 0, screen.Purple},
		{v.Event, 0, screen.Bold},
	}
	used := 0
	for i, c := range columns {
		text := screen.Clean(c.text)
		if text == "" && i > 2 {
			continue
		}
		text = screen.Pad(text, c.width)
		used += screen.Width(text) + 2
		p.buf.WriteString(sc.Paint(c.style, text))
		p.buf.WriteString("  ")
	}
	width, first := 0, 0
	if sc.Width > 0 {
		width, first = sc.Width-indent, used-indent
		if first > width/2 { // little room is left: begin below
			p.buf.WriteByte('\n')
			p.buf.WriteString(strings.Repeat(" ", indent))
			first = 0
		}
	}
	p.wrapped(v.Text, width, first, style)
	if m, ok := v.Meaning(p.Lang); p.Explain && ok {
		p.buf.WriteString(strings.Repeat(" ", indent))
		p.wrapped("· "+m.Text, width, 0, screen.Dim)
	}
}

func (p *Printer) wrapped(text string, width, first int, style screen.Style) {
	if text == "" { // no blanks at the end of a line
		line := strings.TrimRight(p.buf.String(), " ")
		p.buf.Reset()
		p.buf.WriteString(line)
	}
	for i, l := range screen.Wrap(screen.Clean(text), width, first) {
		if i > 0 {
			p.buf.WriteString(strings.Repeat(" ", indent))
		}
		p.buf.WriteString(p.Screen.Paint(style, l))
		p.buf.WriteByte('\n')
	}
}

// A Last keeps the last records of many.
type Last struct {
	n    int
	ring []*reader.Record
	at   int
}

// NewLast returns a Last of n records.
func NewLast(n int) *Last { return &Last{n: n} }

// Add adds a record, and forgets the one n before it.
func (l *Last) Add(r *reader.Record) {
	switch {
	case l.n <= 0:
	case len(l.ring) < l.n:
		l.ring = append(l.ring, r.Clone())
	default:
		r.CopyTo(l.ring[l.at])
		l.at = (l.at + 1) % l.n
	}
}

// Each calls f with what is kept, oldest first.
func (l *Last) Each(f func(*reader.Record) error) error {
	for i := range l.ring {
		if err := f(l.ring[(l.at+i)%len(l.ring)]); err != nil {
			return err
		}
	}
	return nil
}
