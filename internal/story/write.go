package story

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/meaning"
	"github.com/rtcship/rtcship/internal/screen"
)

// Options say how a story is written.
type Options struct {
	Screen  *screen.Screen
	Lang    meaning.Lang
	Explain bool // explains each code of the timeline, too
	Ladder  bool // draws signaling as arrows between addresses
}

// mostParts is how many parts a summary tells one by one.
const mostParts = 20

// Write writes the summary, the timeline and, if asked for, the ladder.
func (s *Story) Write(o Options) error {
	w := &writer{Options: o, words: languages[o.Lang], out: &strings.Builder{}}
	w.summary(s)
	w.timeline(s)
	if o.Ladder {
		w.ladder(s)
	}
	_, err := io.WriteString(o.Screen.W, w.out.String())
	return err
}

type writer struct {
	Options
	words words
	out   *strings.Builder
}

// line writes text, wrapped under its own indent.
func (w *writer) line(indent int, text string, style screen.Style) {
	for i, l := range screen.Wrap(text, max(0, w.Screen.Width-indent), 0) {
		pad := indent
		if i > 0 && indent > 0 {
			pad = indent + 2
		}
		fmt.Fprintf(w.out, "%s%s\n", strings.Repeat(" ", pad), w.Screen.Paint(style, l))
	}
}

func (w *writer) summary(s *Story) {
	sub := s.Subject
	name := first(sub.Name, sub.ID)
	title := fmt.Sprintf("%s %s", sub.Kind, screen.Clean(name))
	if sub.Name != "" && !strings.EqualFold(sub.Name, sub.ID) {
		title += " (" + screen.Clean(sub.ID) + ")"
	}
	w.line(0, title, screen.Bold)
	failed := 0
	for _, p := range s.Parts {
		if p.Failed {
			failed++
		}
	}
	switch {
	case len(s.Parts) == 0:
		w.line(2, w.words.nothing, screen.Plain)
	case len(s.Parts) > 1:
		w.line(2, fmt.Sprintf(w.words.several, span(s.Events), len(s.Parts), failed), screen.Plain)
	}
	for i, p := range s.Parts {
		if i == mostParts {
			w.line(2, fmt.Sprintf(w.words.more, len(s.Parts)-i), screen.Dim)
			break
		}
		w.part(p)
	}
	w.out.WriteByte('\n')
}

// span is the time from the first event to the last.
func span(events []Event) string {
	if len(events) == 0 {
		return ""
	}
	from, to := events[0].Time, events[len(events)-1].Time
	if from.IsZero() {
		i := slices.IndexFunc(events, func(e Event) bool { return !e.Time.IsZero() })
		if i < 0 {
			return ""
		}
		from = events[i].Time
	}
	layout := "15:04:05"
	if to.Sub(from) > 20*time.Hour || from.Day() != to.Day() {
		layout = time.DateTime
	}
	return from.Format(time.DateTime) + " – " + to.Format(layout)
}

func (w *writer) part(p *Part) {
	var head []string
	for _, text := range []string{p.Source, p.Protocol, p.Where, first(p.Display, p.Who), p.Role, p.ID} {
		if text != "" && !slices.Contains(head, text) {
			head = append(head, screen.Clean(text))
		}
	}
	w.line(2, p.First.Format("15:04:05")+"  "+strings.Join(head, "  "), screen.Cyan)
	w.line(4, w.outcome(p), w.colour(p))
	for _, why := range p.Why {
		w.because(p, why)
	}
	if len(p.Media) > 0 {
		w.line(4, w.words.media+": "+strings.Join(p.Media, ", "), screen.Plain)
	}
	var client []string
	for _, text := range []string{p.Client, p.Node, p.Location} {
		if text != "" {
			client = append(client, screen.Clean(text))
		}
	}
	if len(client) > 0 {
		w.line(4, w.words.client+": "+strings.Join(client, ", "), screen.Dim)
	}
}

func (w *writer) colour(p *Part) screen.Style {
	switch {
	case p.Failed:
		return screen.Red
	case p.Joined.IsZero():
		return screen.Yellow
	}
	return screen.Green
}

func (w *writer) outcome(p *Part) string {
	switch {
	case p.Failed:
		return w.words.failed
	case p.Joined.IsZero():
		return w.words.never
	case p.Ended.IsZero():
		return w.words.open
	}
	return fmt.Sprintf(w.words.in, length(p.Duration)) + ", " + w.words.ended + " " + p.Ended.Format("15:04:05")
}

// length is a duration as people read it.
func length(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// because says a reason, what it means, and what to look at.
func (w *writer) because(p *Part, why string) {
	name := why
	if why == "pexip.pin.incorrect" {
		name = fmt.Sprintf(w.words.wrong, p.Wrong)
	}
	text := w.words.why + ": " + screen.Clean(strings.TrimPrefix(name, "pexip."))
	m, ok := Explain(why, w.Lang)
	if ok {
		text += ": " + m.Text
	}
	w.line(4, text, screen.Plain)
	if ok && m.Check != "" {
		w.line(6, w.words.check+": "+m.Check, screen.Dim)
	}
}

// timeline writes the events with their times since the first one.
func (w *writer) timeline(s *Story) {
	start := time.Time{}
	for _, e := range s.Events {
		if !e.Time.IsZero() {
			start = e.Time
			break
		}
	}
	many := len(s.Parts) > 1
	for i := range s.Events {
		e := &s.Events[i]
		w.event(e, start, many)
	}
	if s.Dropped > 0 {
		w.line(0, fmt.Sprintf(w.words.more, s.Dropped), screen.Dim)
	}
	if s.Hidden > 0 {
		w.line(0, fmt.Sprintf(w.words.hidden, s.Hidden), screen.Dim)
	}
}

func (w *writer) event(e *Event, start time.Time, many bool) {
	style := screen.OfSeverity(e.Severity)
	head := screen.Left(since(e.Time, start), 10) + "  " + screen.Pad(screen.Clean(LevelShort(e.Level)), 5) + "  " + screen.Pad(screen.Clean(shortLog(e.Log)), 19)
	if many {
		who := ""
		if e.Part != nil {
			who = first(e.Part.Display, user(e.Part.Who), Short(e.Part.ID))
		}
		head += "  " + screen.Pad(screen.Cut(screen.Clean(who), 14), 14)
	}
	text := e.Text
	if e.Event != "" {
		text = strings.TrimSpace(e.Event + "  " + e.Text)
	}
	indent := screen.Width(head) + 2
	if w.Screen.Width > 0 && indent > w.Screen.Width*2/3 {
		indent = 4
	}
	lines := screen.Wrap(screen.Clean(text), max(0, w.Screen.Width-indent), 0)
	fmt.Fprintf(w.out, "%s  %s\n", w.Screen.Paint(screen.Dim, head), w.Screen.Paint(style, lines[0]))
	for _, l := range lines[1:] {
		fmt.Fprintf(w.out, "%s%s\n", strings.Repeat(" ", indent), w.Screen.Paint(style, l))
	}
	if m, ok := e.Meaning(w.Lang); w.Explain && ok {
		w.line(14, "· "+m.Text, screen.Dim)
	}
}

// LevelShort is a level in five letters at most.
func LevelShort(level string) string {
	switch level {
	case "warning":
		return "warn"
	case "notice":
		return "note"
	case "critical":
		return "crit"
	case "emergency":
		return "emerg"
	}
	return level
}

// shortLog is a log's or module's name without what all have in common.
func shortLog(name string) string {
	if name == "connection_created_wait_timeout_error" {
		return "wait_timeout"
	}
	return strings.TrimPrefix(name, "administrator.")
}

// since is the time from start, with milliseconds.
func since(t, start time.Time) string {
	if t.IsZero() {
		return "-"
	}
	d := t.Sub(start)
	sign := "+"
	if d < 0 {
		sign, d = "-", -d
	}
	h, m, s := int(d.Hours()), int(d.Minutes())%60, d.Seconds()-60*float64(int(d.Minutes()))
	if h > 0 {
		return fmt.Sprintf("%s%d:%02d:%06.3f", sign, h, m, s)
	}
	return fmt.Sprintf("%s%d:%06.3f", sign, m, s)
}
