package story

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/reader"
	"github.com/rtcship/rtcship/internal/screen"
)

// A rung is one message of a ladder.
type rung struct {
	at       time.Time
	from, to string // addresses
	text     string
	bad      bool
}

// rungs are the signaling messages of a story that say from where to where.
func (s *Story) rungs() (all []rung) {
	for i := range s.Events {
		e := &s.Events[i]
		r := e.Record
		from, to := r.Get("pexip.src_address"), r.Get("pexip.dst_address")
		if from == "" || to == "" {
			continue
		}
		switch e.Log {
		case "support.sip", "support.rest", "support.h323.q931", "support.h323.ras", "support.h323.h245", "support.bfcp", "support.signaling":
			text, bad := message(r, e.Log)
			all = append(all, rung{e.Time, from, to, text, bad})
		}
	}
	return all
}

// message is a signaling message in a few words.
func message(r *reader.Record, log string) (text string, bad bool) {
	_, detail, _ := strings.Cut(string(r.Body), "\n")
	head, _, _ := strings.Cut(detail, "\n")
	method, status := r.Get("pexip.method"), first(r.Get("pexip.status_code"), r.Get("pexip.response_code"))
	bad = len(status) == 3 && status >= "400"
	protocol := map[string]string{
		"support.h323.q931": "H.225 ", "support.h323.ras": "RAS ", "support.h323.h245": "H.245 ", "support.bfcp": "BFCP ", "support.rest": "REST ",
	}[log]
	switch {
	case log == "support.sip" && strings.HasPrefix(head, "SIP/2.0 "):
		text = strings.TrimPrefix(head, "SIP/2.0 ")
		if method != "" {
			text += " (" + method + ")"
		}
	case method != "" && status != "":
		text = protocol + method + " " + status
	case method != "":
		text = protocol + method
	default:
		text = protocol + first(r.Get("pexip.event"), strings.TrimRight(strings.TrimSpace(head), ":"), string(r.Body))
	}
	return screen.Clean(text), bad
}

// mostColumns is how many addresses a ladder is drawn between; those beyond are
// told in words.
const mostColumns = 6

// ladder draws the signaling between addresses.
func (w *writer) ladder(s *Story) {
	all := s.rungs()
	if len(all) == 0 {
		return
	}
	var columns []string
	for _, r := range all {
		for _, a := range []string{r.from, r.to} {
			if !slices.Contains(columns, a) && len(columns) < mostColumns {
				columns = append(columns, a)
			}
		}
	}
	gap := 26
	for _, r := range all {
		gap = max(gap, min(screen.Width(r.text)+8, 48))
	}
	if w.Screen.Width > 0 && len(columns) > 1 {
		gap = max(16, min(gap, (w.Screen.Width-14-16)/(len(columns)-1)))
	}
	w.out.WriteByte('\n')
	head, posts := strings.Repeat(" ", 4), strings.Repeat(" ", 12)
	for i, c := range columns {
		name := screen.Cut(screen.Clean(c), gap-1)
		at := 12 + i*gap - screen.Width(name)/2
		head = screen.Pad(head, at) + name
		posts = screen.Pad(posts, 12+i*gap) + "│"
	}
	w.raw(head, screen.Bold)
	w.raw(posts, screen.Dim)
	for _, r := range all {
		w.rung(r, all[0].at, columns, gap)
	}
	w.raw(posts, screen.Dim)
}

func (w *writer) raw(text string, style screen.Style) {
	fmt.Fprintln(w.out, w.Screen.Paint(style, text))
}

func (w *writer) rung(r rung, start time.Time, columns []string, gap int) {
	from, to := slices.Index(columns, r.from), slices.Index(columns, r.to)
	line := screen.Left(since(r.at, start), 10) + "  "
	if from < 0 || to < 0 || from == to {
		w.raw(line+screen.Clean(r.from+" → "+r.to+": ")+r.text, screen.Plain)
		return
	}
	left, right := min(from, to), max(from, to)
	for i := range columns {
		line = screen.Pad(line, 12+i*gap)
		if i < left || i >= right {
			line += "│"
			continue
		}
		if i > left {
			continue
		}
		line += "│" + arrow(r.text, (right-left)*gap-1, from < to)
	}
	style := screen.Plain
	if r.bad {
		style = screen.Red
	}
	w.raw(line, style)
}

// arrow is a text on an arrow of a width.
func arrow(text string, width int, rightwards bool) string {
	text = " " + screen.Cut(text, max(1, width-6)) + " "
	shaft := width - 1 - screen.Width(text)
	left := shaft / 2
	if rightwards {
		return strings.Repeat("─", left) + text + strings.Repeat("─", shaft-left) + "►"
	}
	return "◄" + strings.Repeat("─", left) + text + strings.Repeat("─", shaft-left)
}
