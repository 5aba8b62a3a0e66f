package admin

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// A history holds a quarter of an hour, however long it goes on, and plots stay
// within their box.
func TestHistoryIsBounded(t *testing.T) {
	var h history
	at := time.Date(2026, 6, 12, 9, 0, 0, 0, time.UTC)
	for i := range 1000 {
		at = at.Add(historyEvery)
		h.add(moment{at: at, accepted: int64(i * 100), lag: int64(i % 7), ok: int64(i), bad: int64(i / 3)})
	}
	all := h.since(moment{at: at.Add(time.Second), accepted: 100_000, lag: 3, ok: 1000, bad: 333})
	if len(h.moments) != historyPoints || len(all) > historyPoints+1 || all[len(all)-1].at.Sub(all[0].at) > historyWindow {
		t.Fatalf("%d moments kept, %d shown over %s", len(h.moments), len(all), all[len(all)-1].at.Sub(all[0].at))
	}
	for _, p := range plots(all) {
		for _, m := range regexp.MustCompile(`(-?[\d.]+),(-?[\d.]+)`).FindAllStringSubmatch(string(p.SVG), -1) {
			if strings.HasPrefix(m[1], "-") || strings.HasPrefix(m[2], "-") || len(m[1]) > 5 {
				t.Errorf("%s: a corner at %s", p.Title, m[0])
			}
		}
	}
}

// Rates are those between two moments; a counter that began anew is no fall, and
// with a single moment there is nothing to draw.
func TestPlots(t *testing.T) {
	at := time.Date(2026, 6, 12, 9, 0, 0, 0, time.UTC)
	got := plots([]moment{
		{at: at, accepted: 1000, lag: 5 << 20, ok: 10},
		{at: at.Add(10 * time.Second), accepted: 3000, lag: 1 << 20, ok: 11, bad: 2},
		{at: at.Add(20 * time.Second), accepted: 500, lag: 0, ok: 1, bad: 2},
	})
	for i, want := range []plot{
		{Title: "Records a second", Now: "0", Most: "200"},
		{Title: "Bytes behind", Now: "0 B", Most: "5.0 MiB"},
		{Title: "Answers a minute: accepted, and other (red)", Now: "0", Most: "12"},
	} {
		if p := got[i]; p.Title != want.Title || p.Now != want.Now || p.Most != want.Most {
			t.Errorf("%s: now %s, most %s; want %s, %s", p.Title, p.Now, p.Most, want.Now, want.Most)
		}
	}
	for _, p := range plots([]moment{{at: at}}) {
		if strings.Contains(string(p.SVG), "polygon") || p.Most != "0" && p.Most != "0 B" {
			t.Errorf("%s with nothing to show: %s", p.Title, p.SVG)
		}
	}
}

// The page has the plots and the latest errors with what they mean; it asks
// nobody for anything, and what logs say cannot become a part of it.
func TestPageShowsHistoryAndEvents(t *testing.T) {
	s := busy()
	s.Events = []pipeline.Event{{
		Time: s.Now.Add(-time.Minute), Level: "error", Log: "sora", Where: "lobby", Who: `<script>alert(1)</script>`,
		Text: "PONG-TIMEOUT-ERROR", Meaning: "no pong for a minute", Check: "the network",
	}}
	server := newServer(t, s)
	server.history.add(moment{at: s.Now.Add(-time.Minute)})
	_, page := get(t, server, "/")
	for _, want := range []string{"<svg viewBox", "<polygon", "PONG-TIMEOUT-ERROR", "no pong for a minute Look at: the network", "&lt;script&gt;alert(1)", "07:59:00"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, no := range []string{"<script", "http://www", "https://", "url(", "@import", "<img", "<link"} {
		if strings.Contains(page, no) {
			t.Errorf("the page has %s", no)
		}
	}
}
