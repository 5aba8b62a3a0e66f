package fleet

import (
	"bytes"
	"fmt"
	"slices"
)

// Sizes of the plot, in pixels.
const (
	plotWidth  = 760
	panelTop   = 40
	panelHigh  = 150
	panelLeft  = 60
	panelRight = 740
	panelStep  = 230
)

// draw makes an SVG of how a tier's memory grows with its members, and of how they come
// back. Colours follow the reader's light or dark theme.
func draw(sizes []size, connects []int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">
<style>text{fill:#24292f}.t{font-weight:600}line{stroke:#9aa4af}rect,circle{fill:#0a7d5a}polyline{fill:none;stroke:#0a7d5a;stroke-width:2}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}line{stroke:#6e7681}rect,circle{fill:#2ea880}polyline{stroke:#2ea880}}</style>
`, plotWidth, 2*panelStep)
	drawGrowth(&b, sizes, 0)
	drawReturn(&b, connects, panelStep)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// axes writes the frame of a panel below y.
func axes(b *bytes.Buffer, y int, title, most, last string) {
	bottom := y + panelTop + panelHigh
	fmt.Fprintf(b, "<text class=\"t\" x=\"0\" y=\"%d\">%s</text>\n", y+20, title)
	fmt.Fprintf(b, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", panelLeft, bottom, panelRight, bottom)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>\n", panelLeft-8, y+panelTop+10, most, panelLeft-8, bottom)
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", panelRight, bottom+18, last)
}

func drawGrowth(b *bytes.Buffer, sizes []size, y int) {
	most := slices.MaxFunc(sizes, func(a, b size) int { return a.members - b.members })
	top := 1.0
	for _, s := range sizes {
		top = max(top, s.memory)
	}
	axes(b, y, "Memory of a tier by idle members (MiB, all collectors together)", fmt.Sprintf("%.0f", top), fmt.Sprintf("%d members", most.members))
	var points, marks string
	for _, s := range sizes {
		x := panelLeft + float64(s.members)/float64(most.members)*(panelRight-panelLeft)
		at := float64(y+panelTop+panelHigh) - max(0, s.memory)/top*panelHigh
		points += fmt.Sprintf("%.1f,%.1f ", x, at)
		marks += fmt.Sprintf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%d: %.0f MiB</text>\n", x, at, x-8, at-4, s.members, s.memory)
	}
	fmt.Fprintf(b, "<polyline points=\"%d,%d %s\"/>\n%s", panelLeft, y+panelTop+panelHigh, points, marks)
}

func drawReturn(b *bytes.Buffer, connects []int, y int) {
	top := max(1, slices.Max(append([]int{0}, connects...)))
	axes(b, y, "Connects in each second after the tier's return", fmt.Sprint(top), fmt.Sprintf("%d s", len(connects)))
	step := float64(panelRight-panelLeft) / float64(max(1, len(connects)))
	for i, n := range connects {
		high := float64(n) / float64(top) * panelHigh
		fmt.Fprintf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", panelLeft+float64(i)*step, float64(y+panelTop+panelHigh)-high, max(1, step-2), high)
	}
}
