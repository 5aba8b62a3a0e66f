package report

import (
	"fmt"
	"html"
	"io"

	"github.com/rtcship/rtcship/bench/internal/scenario"
)

// A panel is one group of bars of the plot.
type panel struct{ title, scenario, figure string }

var panels = []panel{
	{"Catch-up: processor time per record (ns)", "catch-up", scenario.CPU},
	{"Catch-up: anonymous memory at peak (MiB)", "catch-up", scenario.Anonymous},
	{"10,000 lines a second: per cent of one core", "steady", scenario.Core},
	{"10,000 lines a second: median delay (ms)", "steady", scenario.Median},
	{"Syslog over TCP: processor time per message (ns)", "syslog TCP", scenario.CPU},
	{"Rotation under load: lines lost", "rotation", scenario.Lost},
}

// Sizes of the plot, in pixels.
const (
	plotWidth = 760
	labelEnd  = 110
	barEnd    = 660
	barHeight = 18
	barStep   = 24
	panelGap  = 44
)

// Plot writes bars for the most telling figures as SVG. Colours follow the
// reader's light or dark theme.
func (r *Results) Plot(w io.Writer) {
	var shown []panel
	height := 10
	for _, p := range panels {
		if n := len(r.bars(p)); n > 0 {
			shown = append(shown, p)
			height += panelGap + n*barStep
		}
	}
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">
<style>text{fill:#24292f}.t{font-weight:600}rect{fill:#9aa4af}.ours{fill:#0a7d5a}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#6e7681}.ours{fill:#2ea880}}</style>
`, plotWidth, height)
	y := 10
	for _, p := range shown {
		y = r.plotPanel(w, p, y)
	}
	fmt.Fprintln(w, "</svg>")
}

// plotPanel writes one panel below y and returns where it ends.
func (r *Results) plotPanel(w io.Writer, p panel, y int) int {
	bars := r.bars(p)
	most := 0.0
	for _, b := range bars {
		most = max(most, b.value)
	}
	fmt.Fprintf(w, "<text class=\"t\" x=\"0\" y=\"%d\">%s</text>\n", y+20, html.EscapeString(p.title))
	y += panelGap - 12
	for _, b := range bars {
		class, width := "", 1.0
		if b.name == "rtcship" {
			class = ` class="ours"`
		}
		if most > 0 {
			width = max(1, b.value/most*(barEnd-labelEnd))
		}
		fmt.Fprintf(w, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", labelEnd-8, y+14, b.name)
		fmt.Fprintf(w, "<rect%s x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", class, labelEnd, y, width, barHeight)
		fmt.Fprintf(w, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", labelEnd+width+6, y+14, number(b.value))
		y += barStep
	}
	return y + 12
}

type bar struct {
	name  string
	value float64
}

func (r *Results) bars(p panel) []bar {
	var all []bar
	for _, s := range scenario.All() {
		if s.Name != p.scenario {
			continue
		}
		for _, c := range s.Contenders {
			if v, ok := r.Median(s.Name, c, p.figure); ok {
				all = append(all, bar{c, v})
			}
		}
	}
	return all
}
