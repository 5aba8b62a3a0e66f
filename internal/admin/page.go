package admin

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/plain"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"bytes": func(n any) string { return humanize.IBytes(toUint(n)) },
	"count": func(n any) string { return humanize.Comma(int64(toUint(n))) },
	"short": func(d time.Duration) string { return d.Round(time.Second).String() },
	"ago":   ago,
	"stamp": func(t, now time.Time) string {
		switch {
		case t.IsZero():
			return ""
		case now.Sub(t) < 12*time.Hour:
			return t.UTC().Format("15:04:05")
		}
		return t.UTC().Format("2006-01-02 15:04")
	},
	"clock": func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"total": func(m map[string]uint64) (n uint64) {
		for _, v := range m {
			n += v
		}
		return n
	},
	"rate":     func(perSecond float64) string { return humanize.FtoaWithDigits(perSecond, 1) },
	"headline": headline,
}).Parse(pageSource))

func toUint(n any) uint64 {
	switch v := n.(type) {
	case int:
		return uint64(max(v, 0))
	case int64:
		return uint64(max(v, 0))
	case uint64:
		return v
	}
	return 0
}

func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return now.Sub(t).Round(time.Second).String() + " ago"
}

func headline(s *pipeline.Status) string {
	switch s.State {
	case pipeline.Red:
		return "Something does not arrive"
	case pipeline.Amber:
		return "Worth a look"
	default:
		return "Everything is delivered"
	}
}

// maxRows is how many files the page shows; those that are behind come first.
const maxRows = 100

type pageData struct {
	*pipeline.Status
	Shown  []pipeline.FileStatus
	Hidden int
	Rates  map[string]float64 // of listeners
	Plots  []plot
}

func (s *Server) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	reply(w, "text/html; charset=utf-8", s.pages.get(s.renderPage))
}

func (s *Server) renderPage() rendered {
	status := s.gather()
	shown, hidden := pageFiles(status.Files)
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, pageData{status, shown, hidden, s.rates.look(status), plots(s.history.since(momentOf(status)))})
	return rendered{plain.Lines(b.Bytes()), err}
}

// pageFiles puts files that are behind, unreadable or had trouble first, and
// leaves out settled ones beyond maxRows.
func pageFiles(all []pipeline.FileStatus) (shown []pipeline.FileStatus, hidden int) {
	for _, calm := range []bool{false, true} {
		for _, f := range all {
			settled := f.Lag == 0 && f.Error == "" && len(f.Gaps) == 0
			if sound := f.Rejected+f.Dead == 0 && len(f.Unparsed) == 0; (settled && sound) != calm {
				continue
			}
			if len(shown) == maxRows {
				hidden++
				continue
			}
			shown = append(shown, f)
		}
	}
	return shown, hidden
}
