package match

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// damaged is a compressed file that breaks off.
type damaged struct{ archive }

func (damaged) Broken() error { return errors.New("breaks off") }

// Of files that are found at once and begin in the same way, one is read, and the others are
// read from where they differ; or they wait until more is known of it.
func TestDecideOfFilesFoundAtOnce(t *testing.T) {
	start, old, fresh := lines(0, 20), lines(0, 40), lines(100, 10)
	few := lines(0, 4) // less than a head
	logOf := func(name string) *Log { return &Log{Path: "/log/" + name + ".jsonl"} }
	live := func(l *Log, content string) *Found { return foundAs(l, l.Path, content, true) }
	packed := func(l *Log, i int, content string) *Found {
		return packedAs(l, fmt.Sprintf("%s.%d.gz", l.Path, i), content)
	}
	whole := func(name string) *Found {
		return live(&Log{Path: "/log/" + name, Form: entry.Whole}, old)
	}
	many := func(found func(i int, content string) *Found) (list []*Found) {
		for i := range 5 {
			list = append(list, found(i, start+lines(1000+100*i, 30-i)))
		}
		return append(list, found(5, start+lines(1400, 20)))
	}
	at := func(path, text string) string { return fmt.Sprintf("copy %s at %d", path, len(text)) }
	for name, test := range map[string]struct {
		known []*Known
		found []*Found
		want  string
	}{
		"a copy of one that waits":            {[]*Known{knownAs(sora, few+fresh, 300, true)}, []*Found{packed(logOf("z"), 1, few+lines(50, 30)), live(app, few+lines(50, 20)), live(foreign, few+lines(50, 1)+lines(70, 5))}, "new /log/z.jsonl.1.gz; wait /log/app.jsonl; " + at("/log/x.jsonl", few)},
		"whole files":                         {nil, []*Found{whole("a.log"), whole("b.log")}, "new /log/a.log; new /log/b.log"},
		"a copy of the fifth of many":         {nil, many(func(i int, content string) *Found { return live(logOf(string(rune('a'+i))), content) }), "new /log/a.jsonl; " + at("/log/b.jsonl", start) + "; " + at("/log/c.jsonl", start) + "; " + at("/log/d.jsonl", start) + "; " + at("/log/e.jsonl", start) + "; " + at("/log/f.jsonl", start)},
		"a copy of a copy of one name":        {[]*Known{knownAs(sora, old, 500, true)}, []*Found{live(third, old+fresh+lines(300, 5)), live(foreign, old+fresh)}, "new /third/sora.jsonl; copy /log/x.jsonl"},
		"less than a head of a copy":          {[]*Known{knownAs(sora, few+fresh, 300, true)}, []*Found{live(foreign, few+lines(50, 30)), live(third, few+lines(70, 5))}, "new /third/sora.jsonl; " + at("/log/x.jsonl", few)},
		"two copies, and little of their own": {[]*Known{knownAs(sora, few+fresh, 300, true)}, []*Found{live(app, few+lines(50, 2)+lines(70, 1)), live(foreign, few+lines(50, 2))}, at("/log/app.jsonl", few) + "; copy /log/x.jsonl"},
		"more of one than of another":         {[]*Known{knownAs(sora, old, 500, true)}, []*Found{live(third, start+lines(500, 40)), live(foreign, old+lines(300, 1))}, "new /third/sora.jsonl; " + at("/log/x.jsonl", old)},
		"a named log, and its archive":        {nil, []*Found{live(sora, start+fresh), packed(sora, 1, start+lines(300, 30))}, "new /log/sora.jsonl; new /log/sora.jsonl.1.gz"},
		"two archives, one is damaged":        {nil, []*Found{with(packed(sora, 1, old), func(c *Found) { c.Archive = damaged{archive{text(old)}} }), packed(sora, 2, old)}, "new /log/sora.jsonl.1.gz; new /log/sora.jsonl.2.gz"},
		"many archives":                       {nil, many(func(i int, content string) *Found { return packed(sora, i, content) }), "new /log/sora.jsonl.0.gz; wait /log/sora.jsonl.1.gz; wait /log/sora.jsonl.2.gz; wait /log/sora.jsonl.3.gz; wait /log/sora.jsonl.4.gz; new /log/sora.jsonl.5.gz"},
		"archives of one name":                {nil, []*Found{packed(older, 1, old), packed(third, 1, old)}, "new /old/sora.jsonl.1.gz; new /third/sora.jsonl.1.gz"},
		"archives that hold little":           {nil, []*Found{packed(app, 1, few), packed(foreign, 1, few+lines(50, 1))}, "new /log/app.jsonl.1.gz; new /log/x.jsonl.1.gz"},
		"an archive of a named log":           {nil, []*Found{packed(foreign, 1, old+fresh), packed(sora, 1, old)}, "wait /log/x.jsonl.1.gz; new /log/sora.jsonl.1.gz"},
		"archives of one log, one holds more": {nil, []*Found{packed(sora, 1, old), packed(sora, 2, old+fresh)}, "wait /log/sora.jsonl.1.gz; new /log/sora.jsonl.2.gz"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decided(Input{Known: test.known, Found: test.found, RotateWait: 5 * time.Second}); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// While draining nothing is waited for: rather twice than not at all.
func TestDecideWhileDraining(t *testing.T) {
	old := lines(0, 40)
	moment := func(c *Found) { c.Unchanged = time.Second }
	for name, test := range map[string]struct {
		known []*Known
		found []*Found
		want  string
	}{
		"being copied back": {[]*Known{knownAs(sora, old, 500, true)}, []*Found{with(foundAs(sora, sora.Path, old[:500], true), moment)}, "new /log/sora.jsonl"},
		"packed twice":      {nil, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old), packedAs(sora, "/log/sora.jsonl.2.gz", old)}, "new /log/sora.jsonl.1.gz; new /log/sora.jsonl.2.gz"},
		"rotated just now":  {nil, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", old, false), moment)}, "new /log/sora.jsonl.1"},
		"still copied":      {[]*Known{knownAs(sora, old, 500, true)}, []*Found{with(foundAs(foreign, foreign.Path, old, true), moment)}, "copy /log/x.jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			in := Input{Known: test.known, Found: test.found, RotateWait: 5 * time.Second, Draining: true}
			if got := decided(in); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// decided is what Decide says, in few words.
func decided(in Input) string {
	var got []string
	for _, v := range Decide(in) {
		got = append(got, v.describe())
	}
	return strings.Join(got, "; ")
}
