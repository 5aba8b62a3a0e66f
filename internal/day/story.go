package day

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Line is a line of the day that can be told again at another time.
type Line struct {
	Log  string // of Sora's, such as "event_webhook"; "" for a message of Pexip's
	At   time.Time
	Text string // without its line feed; of Pexip's, as in a download
}

// Story returns, in order of time, what the day's JSON logs of Sora that are still
// written to and Pexip's downloads hold.
func Story() ([]Line, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	var all []Line
	for _, name := range Paths(files) {
		log, isLog := strings.CutSuffix(path.Base(name), ".jsonl")
		sora := isLog && path.Dir(name) == "sora/log"
		if !sora && path.Dir(name) != "pexip/download" {
			continue
		}
		for text := range strings.Lines(string(files[name])) {
			l := Line{Text: strings.TrimSuffix(text, "\n")}
			if sora {
				l.Log = log
			}
			if l.At, err = time.Parse(isoTime, firstTime.FindString(text)); err != nil {
				return nil, fmt.Errorf("%s: a line without a time: %w", name, err)
			}
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b Line) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Log, b.Log)) })
	return all, nil
}

const isoTime = "2006-01-02T15:04:05"

var (
	firstTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?`)
	moment    = regexp.MustCompile(`(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)([.,]\d+)?`)
	soraID    = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{26}\b`)
	pexipID   = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
)

// Again is the line as it would stand there had its moment been now: its times are
// as far apart as they were, and its ids are those of the round, so that each round
// has calls of its own.
func (l Line) Again(round int, now time.Time) string {
	by := now.UTC().Sub(l.At)
	text := moment.ReplaceAllStringFunc(l.Text, func(s string) string {
		m := moment.FindStringSubmatch(s)
		layout := "2006-01-02" + m[2] + "15:04:05"
		if m[4] != "" {
			layout += m[4][:1] + strings.Repeat("0", len(m[4])-1)
		}
		t, err := time.Parse(layout, s)
		if err != nil {
			return s
		}
		return t.Add(by).Format(layout)
	})
	text = soraID.ReplaceAllStringFunc(text, func(s string) string { return id(fmt.Sprint(round, s)) })
	return pexipID.ReplaceAllStringFunc(text, func(s string) string { return uuid(fmt.Sprint(round, s)) })
}
