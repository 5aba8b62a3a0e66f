package shape

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"testing"
)

// A reader reads texts of words between blanks, of which each becomes a word in
// brackets, as a vendor's reader would: by a shape if there is one, or else by
// parsing. Texts that begin with the same two bytes have the same key.
type reader struct {
	memory *Memory[int] // Data is how many words the texts have
	text   Text
	out    []byte
	short  bool // the last text was read by a shape
}

func newReader(places int) *reader { return &reader{memory: NewMemory[int](places)} }

func keyOf(text []byte) uint64 {
	var b [2]byte
	copy(b[:], text)
	return (uint64(b[0])<<8 | uint64(b[1]) + 1) * 0x9e3779b97f4a7c15
}

// parse is what comes of a text, and its parts.
func (r *reader) parse(text []byte) []byte {
	t := &r.text
	t.Text, t.Made, t.Parts = text, t.Made[:0], t.Parts[:0]
	for i := 0; i < len(text); {
		if text[i] == ' ' {
			i++
			continue
		}
		end := i
		for end < len(text) && text[end] != ' ' {
			end++
		}
		p := Part{Text: Span{i, end}, Open: text[i] == '?', Use: Use{Kind: 1, Field: uint8(len(t.Parts)), Key: text[i : i+1]}}
		p.Made.From = len(t.Made)
		t.Made = append(append(append(t.Made, '['), text[i:end]...), ']')
		p.Made.To = len(t.Made)
		if text[i] == '-' {
			t.Made = t.Made[:p.Made.From] // nothing comes of it
			p.Made.To = p.Made.From
		}
		if text[i] != '=' { // such a word is no part: it is the same in all texts
			t.Parts = append(t.Parts, p)
		}
		i = end
	}
	return t.Made
}

// read reads a text.
func (r *reader) read(text []byte) []byte {
	key := keyOf(text)
	for s := r.memory.Find(key); s != nil; s = r.memory.Next(s) {
		if r.fits(s, text) {
			s.Take()
			r.short = true
			return r.out
		}
	}
	r.short = false
	made := r.parse(text)
	if s := r.memory.Learn(key, &r.text); s != nil {
		s.Data = len(r.text.Parts)
	}
	return made
}

func (r *reader) fits(s *Shape[int], text []byte) bool {
	r.out = r.out[:0]
	pos := 0
	for i := range s.Holes {
		h := &s.Holes[i]
		if pos = h.Reach(text, pos); pos < 0 {
			return false
		}
		end := pos
		for end < len(text) && text[end] != ' ' {
			end++
		}
		word := text[pos:end]
		if len(word) == 0 || word[0] == '=' || word[0] == '-' {
			return false
		}
		r.out = append(append(append(append(r.out, h.Made...), '['), word...), ']')
		pos = end
	}
	r.out = append(r.out, s.Made...)
	return s.Ends(text, pos)
}

// check fails if a text read now gives something else than parsing it does.
func (r *reader) check(t *testing.T, text string) {
	t.Helper()
	var fresh reader
	if got, want := r.read([]byte(text)), fresh.parse([]byte(text)); !bytes.Equal(got, want) {
		t.Fatalf("%q became %q, want %q", text, got, want)
	}
}

// expect checks texts, one after another. One that begins with a plus sign is read
// by a shape, any other is parsed.
func (r *reader) expect(t *testing.T, texts ...string) {
	t.Helper()
	for i, text := range texts {
		rest, short := strings.CutPrefix(text, "+")
		if r.check(t, rest); r.short != short {
			t.Errorf("text %d, %q: read by a shape: %v", i, rest, r.short)
		}
	}
}

func TestLearning(t *testing.T) {
	for name, texts := range map[string][]string{
		"the same text":                  {"ab c d", "+ab c d", "+ab c d"},
		"a part that differs is a hole":  {"ab c d", "ab x d", "+ab y d", "+ab longer d", "ab c e", "+ab x f", "ab", "+ab"},
		"and stays one":                  {"ab c", "ab d", "+ab c", "+ab c", "+ab e"},
		"several parts at once":          {"ab c d", "ab x y", "+ab 1 2"},
		"the last part":                  {"ab c", "ab d", "+ab ?"},
		"the first part":                 {"ab1 c", "ab2 c", "+ab3 c"},
		"a hole from the beginning":      {"ab ?1 c", "+ab ?2 c", "+ab 3 c"},
		"a long part is one":             {"ab " + strings.Repeat("x", maxFixed+1) + " c", "+ab 1 c"},
		"but not if it is just as long":  {"ab " + strings.Repeat("x", maxFixed) + " c", "ab 1 c", "+ab 2 c"},
		"what is no part is fixed":       {"ab =c d", "ab =x d", "+ab =c d", "+ab =x d", "ab =c e", "+ab =c f", "ab =x f", "+ab =x g"},
		"other blanks are another shape": {"ab c d", "ab  c d", "+ab c d", "+ab  c d"},
		"and so are more parts":          {"ab c", "ab c d", "+ab c", "+ab c d"},
		"two shapes with one key":        {"ab =1 c", "ab =2 c", "ab =1 d", "ab =2 d", "+ab =1 e", "+ab =2 e"},
		"parts of which nothing comes":   {"ab -c d", "+ab -c d", "ab -x d", "+ab c d", "ab -c d"},
		"no parts":                       {"=b", "+=b", "=b =c", "+=b =c", "+=b"},
		"nothing at all":                 {"", "+"},
		"an end that is missing":         {"ab c d", "ab x d", "ab x", "ab x dd", "+ab x d"},
	} {
		t.Run(name, func(t *testing.T) { newReader(reach).expect(t, texts...) })
	}
}

// What a shape was learnt from may be written over.
func TestShapesAreCopies(t *testing.T) {
	r := newReader(reach)
	for _, text := range []string{"ab c d", "ab e d"} {
		b := []byte(text)
		r.read(b)
		for i := range b {
			b[i] = '!'
		}
	}
	r.expect(t, "+ab x d")
	if s := r.memory.Find(keyOf([]byte("ab"))); s.Data != 3 || len(s.Holes) != 1 || s.Holes[0].Field != 1 || string(s.Holes[0].Key) != "e" {
		t.Errorf("%+v", s)
	}
}

// A part that is a hole stays one when it is empty, and when it was empty first.
func TestEmptyParts(t *testing.T) {
	m := NewMemory[int](reach)
	for i, c := range []struct {
		value string
		holes int
	}{{"", 0}, {"x", 1}, {"", 1}, {"yy", 1}, {"", 1}} {
		s := m.Learn(5, &Text{Text: []byte("<" + c.value + ">"), Parts: []Part{{Text: Span{1, 1 + len(c.value)}}}})
		if s == nil || len(s.Holes) != c.holes || m.Next(s) != nil {
			t.Fatalf("text %d: %+v", i, s)
		}
		if c.holes > 0 && (s.Holes[0].Reach([]byte("<zzz>"), 0) != 1 || !s.Ends([]byte("<zzz>"), 4) || s.Ends([]byte("<zzz>>"), 4)) {
			t.Errorf("text %d: %+v", i, s)
		}
	}
}

// Texts whose shapes would be too large are not learnt.
func TestTooLarge(t *testing.T) {
	for name, text := range map[string]string{
		"parts":       strings.Repeat("a ", MaxParts+1),
		"fixed text":  "ab" + strings.Repeat(" ", maxText),
		"fixed parts": strings.Repeat(strings.Repeat("x", maxFixed)+" ", maxText/maxFixed),
		"no part":     "=" + strings.Repeat("x", maxText),
	} {
		t.Run(name, func(t *testing.T) { newReader(reach).expect(t, text, text) })
	}
	newReader(reach).expect(t, strings.Repeat("a ", MaxParts), "+"+strings.Repeat("a ", MaxParts))
	r := newReader(reach)
	r.parse([]byte("ab"))
	r.text.Made = make([]byte, maxMade+1)
	if r.memory.Learn(1, &r.text) != nil {
		t.Error("attributes without end were learnt")
	}
}

// size is how much memory the shapes hold.
func (r *reader) size() (bytes, shapes int) {
	for i := range r.memory.shapes {
		if r.memory.keys[i] != 0 {
			shapes++
		}
		s := &r.memory.shapes[i]
		bytes += cap(s.text) + cap(s.made) + 100*cap(s.Holes) + 24*cap(s.parts)
	}
	return bytes, shapes
}

// A key may be any number.
func TestKeys(t *testing.T) {
	r := newReader(reach)
	for _, key := range []uint64{0, 1, 2, 3, 1 << 32, 1 << 63, 1<<64 - 1} {
		for s := r.memory.Find(key); s != nil; s = r.memory.Next(s) {
			t.Errorf("%x finds %q", key, s.Rest)
		}
		r.parse([]byte("a b"))
		if s := r.memory.Learn(key, &r.text); s == nil || r.memory.Find(key) != s {
			t.Errorf("%x is not found", key)
		}
		r.memory = NewMemory[int](reach)
	}
}

// Whatever comes, a memory stays within bounds.
func TestBounds(t *testing.T) {
	r, rnd := newReader(4*reach), rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var text []byte
		for range rnd.IntN(2 * MaxParts) {
			text = append(text, "abcdefghijklmnopqrstuvwxyz?="[rnd.IntN(28)])
			text = append(text, bytes.Repeat([]byte("x"), rnd.IntN(1+rnd.IntN(300)))...)
			text = append(text, bytes.Repeat([]byte(" "), 1+rnd.IntN(3))...)
		}
		r.read(text)
	}
	const room = 4 * reach
	if size, shapes := r.size(); shapes > room || size > room*2*(maxText+maxMade+124*MaxParts) {
		t.Errorf("%d shapes in %d bytes", shapes, size)
	}
}

// Texts that come once take no place from those that come again, and few of them
// are learnt.
func TestWhatIsTakenStays(t *testing.T) {
	r := newReader(reach)
	for range 2 {
		for i := range 3 {
			r.check(t, fmt.Sprintf("ab =%d", i))
		}
	}
	long, learnt := 0, uint64(0)
	for i := range 5000 {
		before := hash(r.memory)
		r.check(t, fmt.Sprintf("ab =once%d", i))
		if hash(r.memory) != before {
			learnt++
		}
		if r.check(t, fmt.Sprintf("ab =%d", i%3)); !r.short {
			long++
		}
	}
	if long > 0 || learnt > 5000/patience+reach {
		t.Errorf("%d texts that come again were parsed, %d that come once were learnt", long, learnt)
	}
}

func hash(m *Memory[int]) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for i := range m.shapes {
		_, _ = h.Write(m.shapes[i].text)
	}
	return h.Sum64()
}

var seed = maphash.MakeSeed()

// A text that comes again finds a place even where all are taken by such as do not.
func TestWhatIsNotTakenGoes(t *testing.T) {
	r := newReader(reach)
	for i := range reach {
		for range 2 {
			r.check(t, fmt.Sprintf("ab =old%d", i))
		}
	}
	for i := 0; ; i++ {
		if r.check(t, "ab =new"); r.short {
			break
		}
		if i > 2*patience {
			t.Fatal("it never got a place")
		}
	}
}

// Once the buffers are there, learning and reading allocate nothing.
func TestNoAllocations(t *testing.T) {
	r, texts := newReader(reach), make([][]byte, 200)
	for i := range texts {
		texts[i] = fmt.Appendf(nil, "ab =%d some words %d", i%30, i)
	}
	if n := testing.AllocsPerRun(50, func() {
		for _, text := range texts {
			r.read(text)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Texts with a few words at random, in any order.
func TestAtRandom(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r, rnd := newReader(reach), rand.New(rand.NewPCG(seed, 0))
	words, short := []string{"", "a", "b", "ab", "=", "=a", "?", "?a", "-", "-a", "abc"}, 0
	for range 50_000 {
		text := "ab"
		for range rnd.IntN(4) {
			text += " " + words[rnd.IntN(len(words))]
		}
		if r.check(t, text); r.short {
			short++
		}
	}
	if short < 1000 {
		t.Errorf("%d texts were read by shapes", short)
	}
}

// FuzzShape holds reading by shapes against parsing, for any text after any other.
func FuzzShape(f *testing.F) {
	f.Add([]byte("ab c d"), []byte("ab x d"), []byte("ab y d"))
	f.Add([]byte("ab =c  d"), []byte("ab c =d"), []byte("ab"))
	f.Add([]byte("?a -b c "), []byte("?a -c c "), []byte("?b -b d "))
	f.Fuzz(func(t *testing.T, a, b, c []byte) {
		r := newReader(reach)
		for _, text := range [][]byte{a, b, c, a, c, b, bytes.Clone(a)} {
			r.check(t, string(text))
		}
	})
}
