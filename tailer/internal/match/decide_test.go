package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// text is what a file holds, without a file.
type text string

func (t text) ReadAt(b []byte, off int64) (int, error) {
	return strings.NewReader(string(t)).ReadAt(b, off)
}
func (t text) Size() int64 { return int64(len(t)) }

// archive is a compressed file that was unpacked.
type archive struct{ text }

func (a archive) Length() int64        { return a.Size() }
func (a archive) Broken() error        { return nil }
func (a archive) Missed() bool         { return false }
func (a archive) CopyOf(k *Known) bool { return k.Content != nil && file.Holds(k.Content, a, -1, -1) }

func lines(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"timestamp":"2031-03-05T07:%02d:%02d.000000Z","msg":"line %d"}`+"\n", (from+i)/60%60, (from+i)%60, from+i)
	}
	return b.String()
}

var (
	sora    = &Log{Path: "/log/sora.jsonl", Vendor: true}
	api     = &Log{Path: "/log/api.jsonl", Vendor: true}
	foreign = &Log{Path: "/log/x.jsonl"}
	app     = &Log{Path: "/log/app.jsonl"}
	older   = &Log{Path: "/old/sora.jsonl"}
	third   = &Log{Path: "/third/sora.jsonl"}
	ulimit  = &Log{Path: "/log/ulimit.log", Vendor: true, Form: entry.Whole}
	ulimit2 = &Log{Path: "/node2/ulimit.log", Form: entry.Whole}
	ring    = &Log{Path: "/log/erlang.log.[1-9]", Shared: true, Form: entry.Clocked}
)

const t0 = int64(1_900_000_000_000_000_000)

// knownAs is a generation of which read bytes of content were read. It is here if
// a name leads to it.
func knownAs(l *Log, content string, read int, here bool) *Known {
	k := &Known{Log: l, Path: l.Path, Size: int64(read), Here: here, Written: t0, Key: file.Key{Ino: 7}}
	k.Stat = file.Stat{Key: k.Key, Size: int64(read), Mtime: t0}
	k.Fingerprint.Grow([]byte(content[:read]))
	k.Read = file.MarkOf([]byte(content[:read]), int64(read))
	k.Fingerprint.Note(k.Read)
	k.Fingerprint.See([]file.Mark{k.Read})
	if here {
		k.Content = text(content)
	}
	return k
}

// copyNamed is a log that nobody knows by name, and that is there.
func copyNamed(name, content string) *Known {
	return knownAs(&Log{Path: "/log/" + name + ".jsonl"}, content, len(content), true)
}

func foundAs(l *Log, path, content string, live bool) *Found {
	return &Found{
		Log: l, Path: path, Live: live, Head: []byte(content[:min(len(content), file.HeadBytes)]), Content: text(content),
		Stat: file.Stat{Key: file.Key{Ino: 99}, Size: int64(len(content)), Mtime: t0}, Unchanged: time.Minute,
	}
}

func packedAs(l *Log, path, content string) *Found {
	c := foundAs(l, path, content, false)
	c.Content, c.Archive, c.Packed = nil, archive{text(content)}, file.Gzip
	return c
}

func with[T any](v T, change func(T)) T { change(v); return v }

// packedSince is for a generation that is in a compressed file by now.
func packedSince(finished bool) func(*Known) {
	return func(k *Known) {
		k.Packed, k.Content, k.Finished = file.Gzip, nil, finished
	}
}

// endedAt is for a generation that was read line by line, and of which a line ended
// after part.
func endedAt(part string) func(*Known) {
	return func(k *Known) {
		k.Fingerprint.Recent = inOrder(k.Fingerprint.Recent, file.MarkOf([]byte(part), int64(len(part))))
	}
}

func inOrder(marks []file.Mark, m file.Mark) []file.Mark {
	i, _ := slices.BinarySearchFunc(marks, m, func(a, b file.Mark) int { return cmp.Compare(a.At, b.At) })
	return slices.Insert(slices.Clone(marks), i, m)
}

// begun are n generations of a log that begin in the same way, and then differ.
func begun(l *Log, n int, start string) (list []*Known) {
	for i := range n {
		text := start + lines(1000+100*i, 30)
		list = append(list, knownAs(l, text, len(text), true))
	}
	return list
}

// TestDecide has a row for each row of the table in docs/following.md, and for
// each situation in which a file could be taken for what it is not.
func TestDecide(t *testing.T) {
	old, fresh := lines(0, 40), lines(100, 10)
	since := &Log{Path: sora.Path, Vendor: true, At: time.Unix(0, t0-1)}
	gone := func(l *Log, content string, ino uint64) *Known {
		return with(knownAs(l, content, len(content), false), func(k *Known) { k.Key.Ino, k.Stat.Key.Ino = ino, ino })
	}
	astray := func(k *Known) *Known {
		k.Path, k.Astray = "/log/x.jsonl", true
		return k
	}
	open := func(k *Known, content string) *Known {
		k.Open, k.Content = true, text(content)
		return k
	}
	large := lines(0, 40) + strings.Repeat("x", smallArchive) + "\n"
	startedAlike := func(n int) (list []*Known) {
		for i := range n {
			list = append(list, gone(sora, lines(0, 20), uint64(10+i)))
		}
		return list
	}
	packedAlike := func(n int) (list []*Found) {
		for i := range n {
			list = append(list, with(packedAs(sora, fmt.Sprintf("/log/sora.jsonl.%d.gz", i), lines(0, 20)+lines(1000+100*i, 30)), func(c *Found) { c.Stat.Key.Ino = uint64(10 + i) }))
		}
		return list
	}
	unread := func(k *Known) { k.Read = file.Mark{} }
	from := func(n int) func(*Known) { return func(k *Known) { k.From = int64(n) } }
	early := func(c *Found) { s := c.Stat; c.Early = &s }
	short := lines(0, 1) + strings.Repeat("y", Little-len(lines(0, 1))-1) + "\n"
	for name, test := range map[string]struct {
		known []*Known
		found []*Found
		want  string
	}{
		"rename and create":                                         {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(sora, "/log/sora.jsonl.1", old, false), foundAs(sora, sora.Path, fresh, true)}, "new /log/sora.jsonl; same /log/sora.jsonl.1"},
		"copy and truncate":                                         {[]*Known{knownAs(sora, old, 500, false), knownAs(sora, fresh, 0, true)}, []*Found{foundAs(sora, "/log/sora.jsonl.1", old, false)}, "same /log/sora.jsonl.1"},
		"copy that ends before what was read":                       {[]*Known{knownAs(sora, old, len(old), false)}, []*Found{foundAs(sora, "/log/sora.jsonl.1", lines(0, 38), false)}, "short /log/sora.jsonl.1"},
		"compression":                                               {[]*Known{knownAs(sora, old, 500, false)}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old)}, "same /log/sora.jsonl.1.gz"},
		"compression of what was read":                              {[]*Known{knownAs(sora, old, len(old), false)}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old)}, "whole /log/sora.jsonl.1.gz"},
		"an archive in the making":                                  {[]*Known{knownAs(sora, old, 500, false)}, []*Found{with(packedAs(sora, "/log/sora.jsonl.1.gz", old), func(c *Found) { c.Archive = nil })}, "wait /log/sora.jsonl.1.gz"},
		"both the file and its archive":                             {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(sora, "/log/sora.jsonl.1", old, false), packedAs(sora, "/log/sora.jsonl.1.gz", old)}, "same /log/sora.jsonl.1; wait /log/sora.jsonl.1.gz"},
		"several at once":                                           {[]*Known{knownAs(sora, old, 500, false), knownAs(sora, fresh, 300, false)}, []*Found{foundAs(sora, "/log/sora.jsonl.2", old, false), foundAs(sora, "/log/sora.jsonl.1", fresh, false), foundAs(sora, sora.Path, lines(200, 3), true)}, "new /log/sora.jsonl; same /log/sora.jsonl.2; same /log/sora.jsonl.1"},
		"made and rotated while stopped":                            {nil, []*Found{foundAs(sora, "/log/sora.jsonl.1", old, false)}, "new /log/sora.jsonl.1"},
		"made and rotated a moment ago":                             {nil, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", old, false), func(c *Found) { c.Unchanged = time.Second })}, "wait /log/sora.jsonl.1"},
		"older than what was read":                                  {nil, []*Found{foundAs(with(&Log{Path: sora.Path, Vendor: true}, func(l *Log) { l.Floor = t0 + 1 }), "/log/sora.jsonl.9", old, false)}, "leave /log/sora.jsonl.9"},
		"older, and no clock can be vouched for":                    {nil, []*Found{with(foundAs(with(&Log{Path: sora.Path, Vendor: true}, func(l *Log) { l.Floor = t0 + 1 }), "/log/sora.jsonl.9", old, false), func(c *Found) { c.Untimed = true })}, "new /log/sora.jsonl.9"},
		"older, left alone before, and no clock can be vouched for": {nil, []*Found{with(foundAs(with(&Log{Path: sora.Path, Vendor: true}, func(l *Log) { l.Floor = t0 + 1 }), "/log/sora.jsonl.9", old, false), func(c *Found) { c.Refused = true })}, "leave /log/sora.jsonl.9"},
		"a copy that is packed, and has a further name":             {[]*Known{gone(sora, old, 8), with(gone(foreign, old+fresh, 9), from(len(old)))}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", old+fresh), foundAs(app, app.Path, old+fresh, true)}, "whole /log/x.jsonl.gz; wait /log/app.jsonl"},
		"the same, and its original was not read up to there":       {[]*Known{gone(sora, old, 8), with(gone(foreign, old+fresh, 9), from(len(old)+1))}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", old+fresh), foundAs(app, app.Path, old+fresh, true)}, "whole /log/x.jsonl.gz; same /log/app.jsonl"},
		"the same, under the inode of the copy, and small":          {[]*Known{gone(sora, lines(0, 3), 8), with(gone(foreign, lines(0, 4), 9), from(len(lines(0, 3))))}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", lines(0, 4)), with(foundAs(app, app.Path, lines(0, 4), true), func(c *Found) { c.Stat.Key.Ino = 9 })}, "wait /log/x.jsonl.gz; same /log/app.jsonl"},
		"a copy, and its original is back under its own name":       {[]*Known{gone(sora, old, 8), with(gone(foreign, old+fresh, 9), from(len(old)))}, []*Found{foundAs(foreign, "/log/x.jsonl", old+fresh, true), foundAs(sora, sora.Path, old+fresh, true)}, "same /log/x.jsonl; same /log/sora.jsonl"},
		"a copy with a further name, and too little to tell":        {[]*Known{gone(sora, lines(0, 3), 8), with(gone(foreign, lines(0, 4), 9), from(len(lines(0, 3))))}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", lines(0, 4)), foundAs(app, app.Path, lines(0, 4), true)}, "whole /log/x.jsonl.gz; same /log/app.jsonl"},
		"two that hold the same, and both are moved":                {[]*Known{gone(foreign, old, 8), gone(app, old, 9)}, []*Found{foundAs(third, third.Path, old, true), foundAs(older, older.Path, old, true)}, "same /third/sora.jsonl; same /old/sora.jsonl"},
		"two of one name, one goes on, and both are moved":          {[]*Known{gone(sora, old, 8), gone(older, old+fresh, 9)}, []*Found{foundAs(third, third.Path, old+fresh, true), foundAs(older, older.Path, old+fresh, true)}, "same /third/sora.jsonl; same /old/sora.jsonl"},
		"a copy of a copy, which is back under its own name":        {[]*Known{gone(sora, old, 8), with(gone(foreign, old+fresh, 9), from(len(old)))}, []*Found{with(foundAs(foreign, "/log/x.jsonl.1", old+fresh, false), func(c *Found) { c.Stat.Key.Ino = 9 }), foundAs(foreign, foreign.Path, old+fresh, true)}, "same /log/x.jsonl.1; same /log/x.jsonl"},
		"a copy of a copy, which is rotated":                        {[]*Known{gone(sora, old, 8), with(gone(foreign, old+fresh, 9), from(len(old)))}, []*Found{with(foundAs(foreign, "/log/x.jsonl.1", old+fresh, false), func(c *Found) { c.Stat.Key.Ino = 9 }), foundAs(foreign, "/log/x.jsonl.2", old+fresh, false)}, "same /log/x.jsonl.1; wait /log/x.jsonl.2"},
		"a copy of a copy, which is packed":                         {[]*Known{gone(sora, old, 8), with(gone(foreign, old+fresh, 9), from(len(old)))}, []*Found{with(packedAs(foreign, "/log/x.jsonl.1.gz", old+fresh), func(c *Found) { c.Stat.Key.Ino = 9 }), foundAs(foreign, "/log/x.jsonl.2", old+fresh, false)}, "whole /log/x.jsonl.1.gz; same /log/x.jsonl.2"},
		"one name in two directories, one under another's, packed":  {[]*Known{astray(knownAs(sora, old, len(old), true))}, []*Found{packedAs(older, "/old/sora.jsonl.1.gz", old)}, "copy /old/sora.jsonl.1.gz"},
		"one name in two directories, one under another's":          {[]*Known{astray(knownAs(sora, old, len(old), true))}, []*Found{foundAs(older, "/old/sora.jsonl.1", old, false)}, "copy /old/sora.jsonl.1"},
		"a copy of a copy that is open, without a name":             {[]*Known{gone(sora, old, 8), open(with(gone(foreign, old+fresh, 9), from(len(old))), old+fresh)}, []*Found{foundAs(app, app.Path, old+fresh, true)}, "copy /log/app.jsonl"},
		"the same, and its original was not read so far":            {[]*Known{gone(sora, old, 8), open(with(gone(foreign, old+fresh, 9), from(len(old)+1)), old+fresh)}, []*Found{foundAs(app, app.Path, old+fresh, true)}, "same /log/app.jsonl"},
		"packed under another log's name, while it is open":         {[]*Known{open(gone(sora, old, 8), old+fresh)}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", old+fresh)}, "same /log/x.jsonl.gz"},
		"a copy, and only its head was saved of its original":       {[]*Known{with(gone(sora, lines(0, 4)+fresh, 8), unread)}, []*Found{foundAs(app, app.Path, lines(0, 4), true)}, "same /log/app.jsonl"},
		"the same, and it ends within a line":                       {[]*Known{with(gone(sora, lines(0, 4)+fresh, 8), unread)}, []*Found{foundAs(app, app.Path, lines(0, 4)+"{", true)}, "new /log/app.jsonl"},
		"the same, and its last line is its own":                    {[]*Known{with(gone(sora, lines(0, 4)+fresh, 8), unread)}, []*Found{foundAs(app, app.Path, lines(0, 3)+lines(9, 1), true)}, "new /log/app.jsonl"},
		"the same, under its own name":                              {[]*Known{with(gone(sora, lines(0, 4)+fresh, 8), unread)}, []*Found{foundAs(sora, sora.Path, lines(0, 4), true)}, "new /log/sora.jsonl"},
		"rotated ones of two logs, which hold the same":             {nil, []*Found{foundAs(app, "/log/app.jsonl.1", old, false), foundAs(foreign, "/log/x.jsonl.1", old, false)}, "new /log/app.jsonl.1; copy /log/x.jsonl.1"},
		"rotated ones of two logs, of which one holds more":         {nil, []*Found{foundAs(app, "/log/app.jsonl.1", old, false), foundAs(foreign, "/log/x.jsonl.1", old+fresh, false)}, "copy /log/app.jsonl.1; new /log/x.jsonl.1"},
		"a rotated one, and another log holds the same":             {nil, []*Found{foundAs(foreign, foreign.Path, old, true), foundAs(app, "/log/app.jsonl.1", old, false)}, "copy /log/x.jsonl; new /log/app.jsonl.1"},
		"a small file that holds what was packed":                   {[]*Known{with(knownAs(sora, old, 500, true), packedSince(true))}, []*Found{foundAs(&Log{Path: "/log/small/x.jsonl", Small: true}, "/log/small/x.jsonl", old[:500], true)}, "new /log/small/x.jsonl"},
		"a copy of one of many that are packed just now":            {startedAlike(5), append(packedAlike(5), foundAs(foreign, foreign.Path, lines(0, 20)+lines(1200, 30), true)), "same /log/sora.jsonl.0.gz; same /log/sora.jsonl.1.gz; same /log/sora.jsonl.2.gz; same /log/sora.jsonl.3.gz; same /log/sora.jsonl.4.gz; wait /log/x.jsonl"},
		"a large copy of what is packed":                            {[]*Known{with(knownAs(sora, large, 600, true), func(k *Known) { k.Packed = file.Gzip })}, []*Found{foundAs(foreign, foreign.Path, large, true)}, "wait /log/x.jsonl"},
		"a copy of what was packed, up to an older mark": {[]*Known{with(knownAs(sora, old, len(old), true), func(k *Known) {
			packedSince(true)(k)
			k.Fingerprint.Marks = inOrder(k.Fingerprint.Marks, file.MarkOf([]byte(lines(0, 30)), int64(len(lines(0, 30)))))
		})}, []*Found{foundAs(foreign, foreign.Path, lines(0, 30)+fresh, true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 30)))},
		"copied back, and a shorter one begins in the same way":       {[]*Known{knownAs(sora, old, 500, true), with(knownAs(sora, lines(0, 20), 500, true), func(k *Known) { k.Key.Ino = 8 })}, []*Found{foundAs(sora, sora.Path, old+fresh, true)}, fmt.Sprintf("copy /log/sora.jsonl at %d", len(old))},
		"begun as before, a moment ago, and goes on in another way":   {[]*Known{knownAs(sora, old, 500, true)}, []*Found{with(foundAs(sora, sora.Path, old[:300]+fresh, true), func(c *Found) { c.Unchanged = time.Second })}, "new /log/sora.jsonl"},
		"begun as before, and not copied any further":                 {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(sora, sora.Path, old[:500], true)}, "new /log/sora.jsonl"},
		"being copied back, and a shorter one begins in the same way": {[]*Known{knownAs(sora, old, 500, true), with(knownAs(sora, old+fresh+lines(300, 5), 500, true), func(k *Known) { k.Key.Ino = 8 })}, []*Found{with(foundAs(sora, sora.Path, old+fresh, true), func(c *Found) { c.Unchanged = time.Second })}, "wait /log/sora.jsonl"},
		"begun as what was deleted, and is open":                      {[]*Known{open(gone(sora, old, 8), old)}, []*Found{with(foundAs(sora, sora.Path, lines(0, 20), true), func(c *Found) { c.Unchanged = time.Second })}, "new /log/sora.jsonl"},
		"replaced by itself, and a copy has its inode by now":         {[]*Known{gone(sora, old, 9)}, []*Found{with(foundAs(foreign, foreign.Path, old, true), func(c *Found) { c.Stat.Key.Ino, c.Stat.Mtime = 9, t0+1 }), foundAs(sora, sora.Path, old, true)}, "copy /log/x.jsonl; same /log/sora.jsonl"},
		"put back":                                              {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(sora, sora.Path, old, true)}, "same /log/sora.jsonl"},
		"run_erl's ring":                                        {[]*Known{knownAs(ring, "\none\n", 5, false)}, []*Found{foundAs(ring, "/log/erlang.log.1", "\nanother\n", true)}, "new /log/erlang.log.1"},
		"overwritten at start":                                  {[]*Known{knownAs(ulimit, "a b\n", 4, false)}, []*Found{with(foundAs(ulimit, ulimit.Path, "a b\n", true), func(c *Found) { c.Stat.Mtime++ })}, "new /log/ulimit.log"},
		"truncated and written to a larger size":                {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(sora, sora.Path, fresh, true)}, "new /log/sora.jsonl"},
		"moved to a foreign name":                               {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(foreign, foreign.Path, old, true)}, "same /log/x.jsonl"},
		"copied to a foreign name":                              {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(foreign, foreign.Path, old, true)}, "copy /log/x.jsonl"},
		"copied to a foreign name, still written":               {[]*Known{knownAs(sora, old, 500, true)}, []*Found{with(foundAs(foreign, foreign.Path, old, true), func(c *Found) { c.Unchanged = 0 })}, "wait /log/x.jsonl"},
		"a copy that grew beyond its original":                  {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(foreign, foreign.Path, old+fresh, true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(old))},
		"a copy that differs":                                   {[]*Known{knownAs(sora, old+fresh, 500, true)}, []*Found{foundAs(foreign, foreign.Path, old+lines(300, 5), true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(old))},
		"a short copy that differs":                             {[]*Known{knownAs(sora, lines(0, 8)+fresh, 500, true)}, []*Found{foundAs(foreign, foreign.Path, lines(0, 8)+lines(300, 5), true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 8)))},
		"begins as one that nobody knows, and differs":          {[]*Known{knownAs(app, lines(0, 8)+fresh, 500, true)}, []*Found{foundAs(foreign, foreign.Path, lines(0, 8)+lines(300, 5), true)}, "new /log/x.jsonl"},
		"two copies, one of the other":                          {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(foreign, foreign.Path, old+fresh, true), foundAs(app, app.Path, old+fresh+lines(300, 5), true)}, fmt.Sprintf("copy /log/x.jsonl; copy /log/app.jsonl at %d", len(old))},
		"a copy of what was packed since":                       {[]*Known{with(knownAs(sora, old, 500, true), packedSince(true))}, []*Found{foundAs(foreign, foreign.Path, old[:500], true)}, "copy /log/x.jsonl"},
		"a copy of what was packed, with its rest":              {[]*Known{with(knownAs(sora, old, 500, true), packedSince(false))}, []*Found{foundAs(foreign, foreign.Path, old, true)}, "wait /log/x.jsonl"},
		"a copy that differs from what was packed":              {[]*Known{with(knownAs(sora, old, 500, true), packedSince(true))}, []*Found{foundAs(foreign, foreign.Path, old[:300]+fresh, true)}, "new /log/x.jsonl"},
		"a copy of what was truncated, and begun anew":          {[]*Known{with(knownAs(sora, old, len(old), false), endedAt(lines(0, 38))), knownAs(sora, lines(0, 20), len(lines(0, 20)), true)}, []*Found{foundAs(foreign, foreign.Path, lines(0, 38), true)}, "copy /log/x.jsonl"},
		"a copy whose last line goes on differently":            {[]*Known{knownAs(sora, lines(0, 20)+"li", len(lines(0, 20)), true)}, []*Found{foundAs(foreign, foreign.Path, lines(0, 20)+"line of its own\n", true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 20)))},
		"rotated, and a short copy of it came first":            {[]*Known{copyNamed("b", lines(0, 8))}, []*Found{foundAs(sora, "/log/sora.jsonl.1", lines(0, 8), false)}, "copy /log/sora.jsonl.1"},
		"rotated with more than a copy of it has":               {[]*Known{copyNamed("b", lines(0, 8))}, []*Found{foundAs(sora, "/log/sora.jsonl.1", lines(0, 8)+fresh, false)}, fmt.Sprintf("copy /log/sora.jsonl.1 at %d", len(lines(0, 8)))},
		"packed, and a short copy of it came first":             {[]*Known{copyNamed("b", lines(0, 8))}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", lines(0, 8))}, "copy /log/sora.jsonl.1.gz"},
		"differs within its first line":                         {[]*Known{knownAs(sora, strings.Repeat("x", 300)+fresh, 300, true)}, []*Found{foundAs(foreign, foreign.Path, strings.Repeat("x", 300)+old, true)}, "new /log/x.jsonl"},
		"two new ones, one a copy of the other":                 {nil, []*Found{foundAs(app, app.Path, old, true), foundAs(foreign, foreign.Path, old+fresh, true)}, "new /log/x.jsonl; copy /log/app.jsonl"},
		"two new ones that begin alike":                         {nil, []*Found{foundAs(app, app.Path, lines(0, 8), true), foundAs(foreign, foreign.Path, lines(0, 8)+fresh, true)}, "new /log/app.jsonl; new /log/x.jsonl"},
		"a copy of a copy":                                      {[]*Known{knownAs(sora, old+lines(400, 5), 500, true), knownAs(app, old+fresh, len(old), true)}, []*Found{foundAs(foreign, foreign.Path, old+fresh+lines(300, 5), true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(old+fresh))},
		"copied when both are new":                              {nil, []*Found{foundAs(foreign, foreign.Path, old, true), foundAs(sora, sora.Path, old, true)}, "new /log/sora.jsonl; copy /log/x.jsonl"},
		"a copy of one of many copies":                          {[]*Known{knownAs(sora, old, 500, true), copyNamed("b", old), copyNamed("c", old), copyNamed("d", old), copyNamed("e", old)}, []*Found{foundAs(foreign, foreign.Path, old, true)}, "copy /log/x.jsonl"},
		"many logs that begin alike":                            {[]*Known{copyNamed("a", old), copyNamed("b", old), copyNamed("c", old), copyNamed("d", old), copyNamed("e", old)}, []*Found{foundAs(foreign, foreign.Path, old, true)}, "new /log/x.jsonl"},
		"a compressed copy under a foreign name":                {[]*Known{knownAs(sora, old+fresh, 500, true)}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", old)}, "copy /log/x.jsonl.gz"},
		"compressed, and more than its original":                {[]*Known{knownAs(sora, old, 500, true)}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", old+fresh)}, "new /log/x.jsonl.gz"},
		"compressed in another directory":                       {[]*Known{knownAs(sora, old, 500, true)}, []*Found{packedAs(older, "/old/sora.jsonl.1.gz", old)}, "new /old/sora.jsonl.1.gz"},
		"a copy of one of the ring":                             {[]*Known{knownAs(ring, old, 500, true)}, []*Found{foundAs(foreign, foreign.Path, old, true)}, "copy /log/x.jsonl"},
		"one of the ring moved to a foreign name":               {[]*Known{knownAs(ring, old, 500, false)}, []*Found{with(foundAs(foreign, foreign.Path, old, true), func(c *Found) { c.Stat.Key.Ino = 7 })}, "same /log/x.jsonl"},
		"one of the ring like another":                          {[]*Known{knownAs(ring, old, 500, true)}, []*Found{foundAs(ring, "/log/erlang.log.2", old, true)}, "new /log/erlang.log.2"},
		"a log that begins as another":                          {[]*Known{knownAs(app, old, 500, true)}, []*Found{foundAs(foreign, foreign.Path, lines(0, 3)+fresh, true)}, "new /log/x.jsonl"},
		"equal logs that nobody knows":                          {nil, []*Found{with(foundAs(foreign, foreign.Path, old, true), early), with(foundAs(app, app.Path, old, true), early)}, "new /log/x.jsonl; new /log/app.jsonl"},
		"copied back to its own name":                           {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(sora, sora.Path, old, true)}, "copy /log/sora.jsonl"},
		"copied back, and written to":                           {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(sora, sora.Path, old+fresh, true)}, fmt.Sprintf("copy /log/sora.jsonl at %d", len(old))},
		"being copied back":                                     {[]*Known{knownAs(sora, old, 500, true)}, []*Found{with(foundAs(sora, sora.Path, old[:500], true), func(c *Found) { c.Unchanged = time.Second })}, "wait /log/sora.jsonl"},
		"begun as before, by a log that nobody knows":           {[]*Known{knownAs(app, old, 500, true)}, []*Found{foundAs(app, app.Path, old, true)}, "new /log/app.jsonl"},
		"begun as before, and goes on in another way":           {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(sora, sora.Path, old[:300]+fresh, true)}, "new /log/sora.jsonl"},
		"equal vendor logs":                                     {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(api, api.Path, old, true)}, "new /log/api.jsonl"},
		"into another directory":                                {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(older, "/old/sora.jsonl.1", old, false)}, "same /old/sora.jsonl.1"},
		"moved away and copied under a rotated name":            {[]*Known{with(knownAs(sora, old, 500, false), func(k *Known) { k.Size = 501 })}, []*Found{foundAs(sora, "/log/sora.jsonl.1", old[:500], false), with(foundAs(foreign, foreign.Path, old, true), func(c *Found) { c.Stat.Key.Ino = 7 })}, "leave /log/sora.jsonl.1; same /log/x.jsonl"},
		"moved away and packed under a rotated name":            {[]*Known{with(knownAs(sora, old, 500, false), func(k *Known) { k.Size = 501 })}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old[:500]), with(foundAs(foreign, foreign.Path, old, true), func(c *Found) { c.Stat.Key.Ino = 7 })}, "wait /log/sora.jsonl.1.gz; same /log/x.jsonl"},
		"copied under another's and a rotated name":             {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(foreign, foreign.Path, old, true), foundAs(sora, "/log/sora.jsonl.1", old, false)}, "copy /log/x.jsonl; same /log/sora.jsonl.1"},
		"copied after it was replaced by itself":                {[]*Known{with(knownAs(sora, old[:500], 500, false), func(k *Known) { k.Content, k.Open = text(old[:500]), true })}, []*Found{foundAs(foreign, foreign.Path, old, true), foundAs(sora, sora.Path, old, true)}, "copy /log/x.jsonl; same /log/sora.jsonl"},
		"copied from what is compressed, and another line":      {[]*Known{with(with(knownAs(sora, old, len(old), true), endedAt(lines(0, 20))), packedSince(true))}, []*Found{foundAs(foreign, foreign.Path, lines(0, 20)+fresh[:len(lines(0, 1))], true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 20)))},
		"copied from an archive that can be compared":           {[]*Known{with(knownAs(sora, old, len(old), true), func(k *Known) { k.Packed = file.Gzip })}, []*Found{foundAs(foreign, foreign.Path, lines(0, 30)+fresh, true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 30)))},
		"copied from what was just found in an archive":         {[]*Known{knownAs(sora, old, 500, false)}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old), foundAs(foreign, foreign.Path, old, true)}, "same /log/sora.jsonl.1.gz; wait /log/x.jsonl"},
		"copied before it was rotated, and nobody looked":       {nil, []*Found{foundAs(sora, "/log/sora.jsonl.1", old+fresh, false), foundAs(foreign, foreign.Path, old, true)}, "new /log/sora.jsonl.1; copy /log/x.jsonl"},
		"copied before it was packed, and nobody looked":        {nil, []*Found{with(packedAs(sora, "/log/sora.jsonl.1.gz", old+fresh), func(c *Found) { c.Unchanged = 0 }), foundAs(foreign, foreign.Path, old, true)}, "wait /log/sora.jsonl.1.gz; wait /log/x.jsonl"},
		"copied from an archive that is left alone":             {nil, []*Found{with(packedAs(sora, "/log/sora.jsonl.1.gz", old+fresh), func(c *Found) { c.Refused = true }), foundAs(foreign, foreign.Path, old, true)}, "new /log/x.jsonl; leave /log/sora.jsonl.1.gz"},
		"copied from a rotated file that is left alone":         {nil, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", old+fresh, false), func(c *Found) { c.Refused = true }), foundAs(foreign, foreign.Path, old, true)}, "new /log/x.jsonl; leave /log/sora.jsonl.1"},
		"copied from what is found packed under a foreign name": {[]*Known{knownAs(sora, old, 500, false)}, []*Found{packedAs(foreign, "/log/x.jsonl.gz", old), with(foundAs(app, app.Path, old, true), func(c *Found) { c.Stat.Mtime++ })}, "same /log/x.jsonl.gz; wait /log/app.jsonl"},
		"copied while its file has no name any more":            {[]*Known{with(knownAs(sora, old[:500], 500, false), func(k *Known) { k.Content, k.Open = text(old[:500]), true })}, []*Found{foundAs(foreign, foreign.Path, old, true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 8)))},
		"packed as it was read, and a copy of another as well":  {[]*Known{knownAs(sora, old, len(old), false), knownAs(sora, old+fresh, 500, true)}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old), foundAs(foreign, foreign.Path, old+fresh, true)}, "whole /log/sora.jsonl.1.gz; copy /log/x.jsonl"},
		"a short copy of what is gone":                          {[]*Known{knownAs(sora, short+fresh, len(short+fresh), false)}, []*Found{foundAs(foreign, foreign.Path, short, true)}, "copy /log/x.jsonl"},
		"a short copy of what is gone, and another line":        {[]*Known{knownAs(sora, short+fresh, len(short+fresh), false)}, []*Found{foundAs(foreign, foreign.Path, short+lines(300, 1), true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(short))},
		"begins as little as that, in the middle of a line":     {[]*Known{knownAs(sora, short[:100]+fresh, len(short[:100]+fresh), false)}, []*Found{foundAs(foreign, foreign.Path, short[:100]+fresh[:28]+"\n", true)}, fmt.Sprintf("copy /log/x.jsonl at %d", len(lines(0, 1)))},
		"a header, then copied and truncated before a look":     {[]*Known{knownAs(sora, "\n", 1, false)}, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", "\n"+old, false), func(c *Found) { c.Stat.Mtime-- }), foundAs(sora, sora.Path, "\n"+old+fresh, true)}, "leave /log/sora.jsonl.1; same /log/sora.jsonl"},
		"a copy of another, beside many that begin as it does":  {append(begun(sora, 5, lines(0, 3)), copyNamed("b", old)), []*Found{foundAs(foreign, foreign.Path, old, true)}, "copy /log/x.jsonl"},
		"empty when it was seen last, and rotated":              {[]*Known{knownAs(sora, "", 0, false)}, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", old, false), func(c *Found) { c.Stat.Key.Ino = 7 })}, "same /log/sora.jsonl.1"},
		"replaced by itself, then copied and truncated":         {[]*Known{with(knownAs(sora, old, len(old), false), func(k *Known) { k.Content, k.Open = text(old), true })}, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", old, false), func(c *Found) { c.Stat.Mtime-- }), foundAs(sora, sora.Path, old+fresh, true)}, "leave /log/sora.jsonl.1; same /log/sora.jsonl"},
		"a short archive of what is open, without a name":       {[]*Known{with(with(knownAs(sora, old, len(old), false), endedAt(lines(0, 20))), func(k *Known) { k.Content, k.Open, k.Finished = text(old), true, true })}, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", lines(0, 20))}, "leave /log/sora.jsonl.1.gz"},
		"a copy with the inode of a short one that is gone":     {[]*Known{knownAs(app, lines(0, 1), len(lines(0, 1)), false)}, []*Found{foundAs(sora, sora.Path, old+fresh, true), with(foundAs(foreign, foreign.Path, old, true), func(c *Found) { c.Stat.Key.Ino = 7 })}, "new /log/sora.jsonl; copy /log/x.jsonl"},
		"a named log that begins as what another was":           {[]*Known{with(knownAs(api, old, 500, true), packedSince(true))}, []*Found{foundAs(sora, sora.Path, old, true)}, "new /log/sora.jsonl"},
		"begins as what nobody knows, and is packed":            {[]*Known{with(knownAs(app, lines(0, 3), len(lines(0, 3)), true), packedSince(true))}, []*Found{foundAs(foreign, foreign.Path, lines(0, 3)+fresh, true)}, "new /log/x.jsonl"},
		"one name in two directories, one is packed":            {[]*Known{with(knownAs(older, old, len(old), true), packedSince(true))}, []*Found{foundAs(third, third.Path, old, true)}, "new /third/sora.jsonl"},
		"one name in two directories, both new":                 {nil, []*Found{foundAs(older, older.Path, old, true), foundAs(third, third.Path, old, true)}, "new /old/sora.jsonl; new /third/sora.jsonl"},
		"two named logs that hold the same, both new":           {nil, []*Found{foundAs(sora, sora.Path, old, true), foundAs(api, api.Path, old, true)}, "new /log/sora.jsonl; new /log/api.jsonl"},
		"a named log beside an archive that holds the same":     {nil, []*Found{foundAs(sora, sora.Path, old, true), packedAs(foreign, "/log/x.jsonl.gz", old+fresh)}, "new /log/sora.jsonl; new /log/x.jsonl.gz"},
		"there at first, and one holds the other":               {nil, []*Found{with(foundAs(since, "/log/sora.jsonl.1", old+fresh, false), early), with(foundAs(since, "/log/sora.jsonl.2", old, false), early)}, "new /log/sora.jsonl.1; new /log/sora.jsonl.2"},
		"rotated twice, and both begin in the same way":         {nil, []*Found{foundAs(sora, "/log/sora.jsonl.1", lines(0, 20)+fresh, false), foundAs(sora, "/log/sora.jsonl.2", lines(0, 20)+lines(300, 5), false)}, "new /log/sora.jsonl.1; new /log/sora.jsonl.2"},
		"whole files that begin as what was packed":             {[]*Known{with(knownAs(sora, old, len(old), true), packedSince(true))}, []*Found{foundAs(ulimit2, ulimit2.Path, old, true)}, "new /node2/ulimit.log"},
		"rotated, and the live one still holds it":              {[]*Known{with(knownAs(sora, old, 500, true), func(k *Known) { k.Content = text(old) })}, []*Found{foundAs(sora, "/log/sora.jsonl.1", old+fresh, false)}, "new /log/sora.jsonl.1"},
		"begins as a rotated one, and may still be copied":      {[]*Known{with(knownAs(sora, old, 500, true), func(k *Known) { k.Path = "/log/sora.jsonl.1" })}, []*Found{with(foundAs(sora, "/log/sora.jsonl.2", lines(0, 20)+fresh, false), func(c *Found) { c.Unchanged = 6 * time.Second })}, "new /log/sora.jsonl.2"},
		"two copies of two, and a line of their own":            {[]*Known{knownAs(sora, lines(0, 20), 500, true)}, []*Found{foundAs(app, app.Path, lines(0, 20)+fresh, true), foundAs(foreign, foreign.Path, lines(0, 20)+fresh+lines(300, 2), true)}, fmt.Sprintf("copy /log/app.jsonl; copy /log/x.jsonl at %d", len(lines(0, 20)))},
		"packed twice, and nobody looked":                       {nil, []*Found{packedAs(sora, "/log/sora.jsonl.1.gz", old), packedAs(sora, "/log/sora.jsonl.2.gz", old)}, "new /log/sora.jsonl.1.gz; wait /log/sora.jsonl.2.gz"},
		"packed beside its file, in another directory":          {[]*Known{with(knownAs(sora, old+fresh, 500, true), func(k *Known) { k.Path = "/old/sora.jsonl.1" }), with(knownAs(foreign, old[:300], 300, false), func(k *Known) { k.Key.Ino = 8 })}, []*Found{packedAs(older, "/old/sora.jsonl.1.gz", old+fresh)}, "leave /old/sora.jsonl.1.gz"},
		"a copy that begins as what is gone":                    {[]*Known{knownAs(sora, old+fresh, 500, true), with(knownAs(api, old[:300], 300, false), func(k *Known) { k.Key.Ino = 8 })}, []*Found{foundAs(foreign, foreign.Path, old+fresh, true)}, "copy /log/x.jsonl"},
		"one name in two directories":                           {[]*Known{knownAs(sora, old, 500, true)}, []*Found{foundAs(older, older.Path, old, true)}, "new /old/sora.jsonl"},
		"one name in two directories, one is gone":              {[]*Known{knownAs(sora, old, 500, false)}, []*Found{foundAs(older, older.Path, old, true)}, "same /old/sora.jsonl"},
		"whole files of two nodes":                              {[]*Known{knownAs(ulimit, "a b\n", 4, false)}, []*Found{foundAs(ulimit2, ulimit2.Path, "a b\n", true)}, "new /node2/ulimit.log"},
		"too little to be sure":                                 {[]*Known{knownAs(sora, "started\n", 8, false)}, []*Found{foundAs(foreign, foreign.Path, "started\n", true)}, "new /log/x.jsonl"},
		"too little, but the inode":                             {[]*Known{knownAs(sora, "started\n", 8, false)}, []*Found{with(foundAs(foreign, foreign.Path, "started\n", true), func(c *Found) { c.Stat.Key.Ino = 7 })}, "same /log/x.jsonl"},
		"a name that is not followed":                           {[]*Known{knownAs(sora, old, 500, false)}, []*Found{with(foundAs(sora, "/log/sora.jsonl.bak", old, false), func(c *Found) { c.Aside = true })}, "same /log/sora.jsonl.bak"},
		"a name that is not followed, other content":            {[]*Known{knownAs(sora, old, 500, false)}, []*Found{with(foundAs(sora, "/log/sora.jsonl.bak", fresh, false), func(c *Found) { c.Aside = true })}, "leave /log/sora.jsonl.bak"},
		"there at first, rotated":                               {nil, []*Found{with(foundAs(sora, "/log/sora.jsonl.1", old, false), early)}, fmt.Sprintf("old /log/sora.jsonl.1 at %d", len(old))},
		"there at first, live":                                  {nil, []*Found{with(foundAs(sora, sora.Path, old, true), early)}, "new /log/sora.jsonl"},
		"there at first, and only what comes":                   {nil, []*Found{with(foundAs(&Log{Path: sora.Path, Vendor: true, AtEnd: true}, sora.Path, old+fresh, true), func(c *Found) { s := c.Stat; s.Size = int64(len(old)); c.Early = &s })}, fmt.Sprintf("old /log/sora.jsonl at %d", len(old))},
		"made later, and only what comes":                       {nil, []*Found{foundAs(&Log{Path: sora.Path, Vendor: true, AtEnd: true}, sora.Path, old, true)}, "new /log/sora.jsonl"},
		"there at first, from a time on":                        {nil, []*Found{with(foundAs(&Log{Path: sora.Path, At: time.Unix(0, t0-1)}, "/log/sora.jsonl.1", old, false), early)}, "new /log/sora.jsonl.1"},
		"there at first, from a time on, being packed":          {nil, []*Found{with(foundAs(since, "/log/sora.jsonl.1", old, false), early), with(packedAs(since, "/log/sora.jsonl.1.gz", old), early)}, "new /log/sora.jsonl.1; wait /log/sora.jsonl.1.gz"},
		"there at first, from a time on, a copy":                {[]*Known{knownAs(since, old, 500, true)}, []*Found{with(packedAs(since, "/log/sora.jsonl.1.gz", old), early)}, "leave /log/sora.jsonl.1.gz"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range Decide(Input{Known: test.known, Found: test.found, RotateWait: 5 * time.Second}) {
				got = append(got, v.describe())
			}
			if s := strings.Join(got, "; "); s != test.want {
				t.Errorf("got  %s\nwant %s", s, test.want)
			}
		})
	}
}

// A copy that ends before what was read is taken for one only if it was not written
// since, and shares what no other generation has: the end of an entry where it ends,
// or the beginning, or a mark in its second half. What is wrongly taken for one is
// lost.
func TestDecideOfShorterCopies(t *testing.T) {
	old, part := lines(0, 60), lines(0, 38)
	mark := func(n int) file.Mark { return file.MarkOf([]byte(lines(0, n)), int64(len(lines(0, n)))) }
	marked := func(k *Known, n int) *Known {
		k.Fingerprint.Marks = append([]file.Mark{mark(n)}, k.Fingerprint.Marks...)
		return k
	}
	ends := func(k *Known, n int) *Known {
		k.Fingerprint.Recent = inOrder(k.Fingerprint.Recent, mark(n))
		return k
	}
	gone := func() *Known { return knownAs(sora, old, len(old), false) }
	alike := func() *Known { return knownAs(sora, old[:1030]+lines(500, 30), 1500, true) } // begins in the same way
	later := func(d time.Duration) func(*Found) { return func(c *Found) { c.Stat.Mtime += int64(d) } }
	at := func(d time.Duration) *Found { return with(foundAs(sora, "/log/sora.jsonl.1", part, false), later(d)) }
	for name, test := range map[string]struct {
		known []*Known
		found *Found
		want  string
	}{
		"not written since":                            {[]*Known{gone()}, at(0), "short"},
		"written since":                                {[]*Known{gone()}, at(time.Second), "new"},
		"written since, but ends with an entry":        {[]*Known{ends(gone(), 38)}, at(time.Second), "short"},
		"ends with an entry, and written long since":   {[]*Known{ends(gone(), 38)}, at(3 * time.Second), "new"},
		"ends with an entry that another has as well":  {[]*Known{ends(gone(), 38), marked(alike(), 38)}, at(time.Second), "new"},
		"begins as two do":                             {[]*Known{gone(), alike()}, at(0), "new"},
		"begins as two do, with a mark near its end":   {[]*Known{marked(gone(), 30), alike()}, at(0), "short"},
		"begins as two do, with a mark near its start": {[]*Known{marked(gone(), 18), alike()}, at(0), "new"},
		"with a mark that another has as well":         {[]*Known{marked(gone(), 30), marked(alike(), 30)}, at(0), "new"},
		"with a mark that it does not hold":            {[]*Known{with(marked(gone(), 30), func(k *Known) { k.Fingerprint.Marks[0].Hash++ })}, at(0), "new"},
	} {
		t.Run(name, func(t *testing.T) {
			v := Decide(Input{Known: test.known, Found: []*Found{test.found}, RotateWait: 5 * time.Second})
			if got := v[0].describe(); len(v) != 1 || got != test.want+" "+test.found.Path {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// describe says what v is in few words; where it begins only if that is not its end.
func (v Verdict) describe() string {
	what := map[What]string{Wait: "wait", Same: "same", New: "new", Old: "old", Copy: "copy", Leave: "leave"}[v.What]
	switch {
	case v.Short:
		what = "short"
	case v.Whole:
		what = "whole"
	}
	what += " " + v.Found.Path
	if v.What == Old || v.What == Copy && v.At != v.Found.Stat.Size {
		what += fmt.Sprintf(" at %d", v.At)
	}
	return what
}

// Of thousands of rotated files of one log, a new one is compared with those that
// begin as it does.
func TestFewAreCompared(t *testing.T) {
	d := &decision{byLog: map[*Log][]*Known{}, alike: map[beginning]map[uint64][]*Known{}}
	for i := range 1000 {
		d.byLog[sora] = append(d.byLog[sora], knownAs(sora, lines(100*i, 40), 500, true))
	}
	short := knownAs(sora, lines(0, 1)[:20], 20, true)
	d.byLog[sora] = append(d.byLog[sora], short)
	c := foundAs(sora, "/log/sora.jsonl.1", lines(700, 40), false)
	if got := d.beginLike(c); len(got) != 2 || got[0] != d.byLog[sora][7] || got[1] != short {
		t.Errorf("compared with %d, want the one that begins in the same way and the one that is too short to tell", len(got))
	}
}
