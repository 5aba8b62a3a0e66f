package tailer

import (
	"slices"

	"github.com/rtcship/rtcship/tailer/entry"
)

// maxGaps is how many gaps of one generation are told apart. Somebody who can
// write to a file could otherwise fill the memory and the checkpoint with them.
const maxGaps = 32

// addGaps notes gaps of g. When there are too many, the oldest two with the same
// reason become one; so the newest stays as it is, and all sums are exact. The
// caller holds Tailer.mu.
func (g *generation) addGaps(gaps ...entry.Gap) {
	for _, gap := range gaps {
		if n := len(g.gaps) - 1; n >= 0 && g.gaps[n].Reason == gap.Reason && g.gaps[n].At+g.gaps[n].Bytes == gap.At && g.gaps[n].More == 0 {
			g.gaps[n].Bytes += gap.Bytes // it goes on
			g.gaps[n].Time = gap.Time
			continue
		}
		g.gaps = append(g.gaps, gap)
		if len(g.gaps) > maxGaps {
			g.mergeGap()
		}
	}
}

func (g *generation) mergeGap() {
	old := g.gaps[:len(g.gaps)-1]
	for i := range old {
		for j := i + 1; j < len(old); j++ {
			if old[i].Reason != old[j].Reason {
				continue
			}
			old[i].Bytes += old[j].Bytes
			old[i].More += old[j].More + 1
			old[i].Time = old[j].Time
			g.gaps = slices.Delete(g.gaps, j, j+1)
			return
		}
	}
}
