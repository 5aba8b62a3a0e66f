package demo

import (
	"errors"
	"time"

	"github.com/rtcship/rtcship/internal/day"
)

// A teller tells the story of testdata/ over and over, each time with calls of its
// own: who joined, who did not, and why.
type teller struct {
	story []day.Line
	told  int
}

func newTeller() (*teller, error) {
	story, err := day.Story()
	return &teller{story: story}, err
}

// next has the next line written by whom it is of.
func (t *teller) next(now time.Time, sora *soraWriter, pexip *pexipSender) error {
	line := t.story[t.told%len(t.story)]
	text := line.Again(t.told/len(t.story), now)
	t.told++
	if line.Log == "" {
		return pexip.say(text)
	}
	return sora.entry(line.Log, line.Log+".jsonl", text)
}

// step is the next line, and what a busy server writes beside it.
func (t *teller) step(now time.Time, sora *soraWriter, pexip *pexipSender) error {
	err := t.next(now, sora, pexip)
	switch t.told % 3 {
	case 0:
		err = errors.Join(err, sora.legacy(now))
	case 1:
		err = errors.Join(err, sora.line(now))
	}
	return err
}
