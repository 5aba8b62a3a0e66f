package match

import (
	"fmt"
	"testing"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A counted file counts how often it is read.
type counted struct {
	text
	reads *int
}

func (c counted) ReadAt(b []byte, off int64) (int, error) {
	*c.reads++
	return c.text.ReadAt(b, off)
}

func (c counted) Size() int64 { return c.text.Size() }

// However many files begin in the same way, one that is found is compared with few of
// them, and those are the right ones.
func TestFewAreRead(t *testing.T) {
	start := lines(0, 20) // more than a head
	content := func(i int) string { return start + lines(1000+100*i, 60) }
	log := func(l Log, i int) *Log {
		if !l.Vendor {
			l.Path = fmt.Sprintf("/log/app%d.jsonl", i)
		}
		return &l
	}
	vendor := *sora
	for name, test := range map[string]struct {
		log    Log
		change func(*Known)
		found  func(content string) *Found
		want   What
	}{
		"a copy beside rotated files":     {vendor, func(*Known) {}, func(s string) *Found { return foundAs(foreign, foreign.Path, s, true) }, Copy},
		"a copy beside archives":          {vendor, func(k *Known) { k.Packed, k.Finished = file.Gzip, true }, func(s string) *Found { return foundAs(foreign, foreign.Path, s, true) }, Copy},
		"a copy beside logs nobody knows": {Log{}, func(*Known) {}, func(s string) *Found { return foundAs(foreign, foreign.Path, s, true) }, New},
		"a copy that begins as what is gone": {vendor, func(k *Known) {
			if k.Path == "/log/sora.jsonl.7" {
				k.Here, k.Content, k.Read, k.Size = false, nil, file.MarkOf([]byte(start), int64(len(start))), int64(len(start))
				k.Fingerprint.Marks, k.Fingerprint.Recent = []file.Mark{k.Read}, []file.Mark{k.Read}
			}
		}, func(s string) *Found { return foundAs(foreign, foreign.Path, s, true) }, Copy},
		"a rotated copy":                    {vendor, func(*Known) {}, func(s string) *Found { return foundAs(sora, "/log/sora.jsonl.copy", s, false) }, Leave},
		"copied back":                       {vendor, func(*Known) {}, func(s string) *Found { return foundAs(sora, sora.Path, s, true) }, Copy},
		"another one, beside what is there": {vendor, func(*Known) {}, func(s string) *Found { return foundAs(sora, "/log/sora.jsonl.1", start+lines(500_000, 60), false) }, New},
		"another one, and one is gone":      {vendor, func(k *Known) { k.Here = k.Path != "/log/sora.jsonl.7" }, func(s string) *Found { return foundAs(foreign, foreign.Path, start+lines(500_000, 60), true) }, Copy},
	} {
		t.Run(name, func(t *testing.T) {
			var reads [2]int
			for run, n := range []int{100, 1000} {
				in := Input{RotateWait: 1}
				for i := range n {
					k := knownAs(log(test.log, i), content(i), len(content(i)), true)
					if test.log.Vendor {
						k.Log = sora
					}
					k.Path, k.Key.Ino = fmt.Sprintf("/log/sora.jsonl.%d", i), uint64(100+i)
					k.Content = counted{text(content(i)), &reads[run]}
					test.change(k)
					in.Known = append(in.Known, k)
				}
				v := Decide(Input{Known: in.Known, Found: []*Found{test.found(content(n / 2))}, RotateWait: in.RotateWait})
				if v[0].What != test.want {
					t.Errorf("of %d: %s", n, v[0].describe())
				}
				if end := v[0].Found.size(); v[0].What == Copy && test.want == Copy && v[0].Known != in.Known[n/2] && v[0].At == end {
					t.Errorf("of %d it is a copy of %s", n, v[0].Known.Path)
				}
			}
			if reads[1] > 200 || reads[1] > reads[0]+20 {
				t.Errorf("%d reads beside 100 files, %d beside 1,000", reads[0], reads[1])
			}
		})
	}
}
