package admin

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// A plot is one small drawing of the page.
type plot struct {
	Title, Now, Most string // what it shows, its last and its largest value
	SVG              template.HTML
}

// Size of a plot in its own units; the page stretches it.
const (
	plotWidth  = 300.0
	plotHeight = 60.0
)

// A series is one line of a plot: values at times, 0 where nothing is known.
type series struct {
	class  string
	values []float64
}

// plots draws a history: records a second, bytes behind, answers of the collector.
func plots(all []moment) []plot {
	var records, ok, bad []float64
	lag := []float64{float64(all[0].lag)}
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		seconds := max(b.at.Sub(a.at).Seconds(), 1)
		records = append(records, rise(a.accepted, b.accepted)/seconds)
		ok = append(ok, rise(a.ok, b.ok)/seconds*60)
		bad = append(bad, rise(a.bad, b.bad)/seconds*60)
		lag = append(lag, float64(b.lag))
	}
	times := make([]time.Time, len(all))
	for i := range all {
		times[i] = all[i].at
	}
	number := func(v float64) string {
		if v >= 100 {
			return humanize.Comma(int64(v))
		}
		return humanize.FtoaWithDigits(v, 1)
	}
	size := func(v float64) string { return humanize.IBytes(uint64(v)) }
	return []plot{
		draw("Records a second", number, times, series{"p-ok", before(records)}),
		draw("Bytes behind", size, times, series{"p-lag", lag}),
		draw("Answers a minute: accepted, and other (red)", number, times, series{"p-ok", before(ok)}, series{"p-bad", before(bad)}),
	}
}

// rise is how much a counter has grown; one that began anew has not.
func rise(a, b int64) float64 { return float64(max(0, b-a)) }

// before puts a value where nothing was known yet, so that rates stand at the
// ends of their times.
func before(rates []float64) []float64 { return append([]float64{0}, rates...) }

// draw draws series over the window that ends with the last time, over one scale
// from 0 to the largest value.
func draw(title string, format func(float64) string, times []time.Time, all ...series) plot {
	most := 0.0
	for _, s := range all {
		for _, v := range s.values {
			most = max(most, v)
		}
	}
	end := times[len(times)-1]
	x := func(t time.Time) float64 { return plotWidth * (1 - end.Sub(t).Seconds()/historyWindow.Seconds()) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" preserveAspectRatio="none" role="img" aria-label="%s, the last 15 minutes, at most %s">`,
		plotWidth, plotHeight, template.HTMLEscapeString(title), template.HTMLEscapeString(format(most)))
	for minutes := 5; minutes < 15; minutes += 5 {
		at := plotWidth * (1 - float64(minutes)/15)
		fmt.Fprintf(&b, `<line class="p-grid" x1="%.0f" x2="%.0f" y1="0" y2="%g"/>`, at, at, plotHeight)
	}
	for _, s := range all {
		if most > 0 {
			fmt.Fprintf(&b, `<polygon class="%s" points="%s"/>`, s.class, outline(s.values, times, most, x))
		}
	}
	b.WriteString(`</svg>`)
	last := all[0].values
	return plot{Title: title, Now: format(last[len(last)-1]), Most: format(most), SVG: template.HTML(b.String())} //nolint:gosec // numbers, and titles that are escaped
}

// outline are the corners of the area under a series: from each time to the next
// its value there.
func outline(values []float64, times []time.Time, most float64, x func(time.Time) float64) string {
	var b strings.Builder
	corner := func(at, v float64) { fmt.Fprintf(&b, "%.1f,%.1f ", at, plotHeight-v/most*(plotHeight-2)) }
	corner(x(times[0]), 0)
	for i, v := range values {
		if i > 0 {
			corner(x(times[i-1]), v)
		}
		corner(x(times[i]), v)
	}
	corner(x(times[len(times)-1]), 0)
	return strings.TrimSpace(b.String())
}
