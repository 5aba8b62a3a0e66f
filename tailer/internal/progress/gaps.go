package progress

import (
	"slices"

	"github.com/rtcship/rtcship/tailer/entry"
)

// MaxGaps is how many gaps of one generation are told apart. Somebody who can
// write to a file could otherwise fill the memory and the checkpoint with them.
const MaxGaps = 32

// addGaps notes gaps. When there are too many, the oldest two with the same
// reason become one; so the newest stays as it is, and all sums are exact.
func (p *Progress) addGaps(gaps ...entry.Gap) {
	for _, gap := range gaps {
		if n := len(p.gaps) - 1; n >= 0 && p.gaps[n].Reason == gap.Reason && p.gaps[n].At+p.gaps[n].Bytes == gap.At && p.gaps[n].More == 0 {
			p.gaps[n].Bytes += gap.Bytes // it goes on
			p.gaps[n].Time = gap.Time
			continue
		}
		p.gaps = append(p.gaps, gap)
		if len(p.gaps) > MaxGaps {
			p.mergeGap()
		}
	}
}

func (p *Progress) mergeGap() {
	old := p.gaps[:len(p.gaps)-1]
	for i := range old {
		for j := i + 1; j < len(old); j++ {
			if old[i].Reason != old[j].Reason {
				continue
			}
			old[i].Bytes += old[j].Bytes
			old[i].More += old[j].More + 1
			old[i].Time = old[j].Time
			p.gaps = slices.Delete(p.gaps, j, j+1)
			return
		}
	}
}

// Gap notes bytes that cannot be had any more.
func (p *Progress) Gap(gap entry.Gap) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.addGaps(gap)
	p.touch()
}

// NoteGap notes that what was not read of a file is a gap, since the file is gone.
func (p *Progress) NoteGap() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.gapNoted = true
}
