package story

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/internal/reader"
)

// The set finds what looking for each word by itself finds.
func TestNeedles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(least int) string {
		b := make([]byte, least+r.IntN(6))
		for i := range b {
			b[i] = "abCD"[r.IntN(4)]
		}
		return string(b)
	}
	for round := range 5000 {
		var words []string
		for range r.IntN(6) {
			words = append(words, word(1+r.IntN(4)))
		}
		fold := round%2 == 0
		n := newNeedles(slices.Clone(words), fold)
		text := word(r.IntN(40))
		want := slices.ContainsFunc(words, func(w string) bool {
			if fold {
				return strings.Contains(strings.ToLower(text), strings.ToLower(w))
			}
			return strings.Contains(text, w)
		})
		got := n.in([]byte(text))
		if short := len(words) > 0 && n.least < 2; got != want && !(short && got) {
			t.Fatalf("%q in %q, fold %v: %v, want %v", words, text, fold, got, want)
		}
	}
}

func search(t *testing.T, files map[string]string) *Search {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in, err := reader.Find([]string{dir}, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := convert.New(convert.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &Search{Inputs: in.List, Settings: &reader.Settings{Converter: c, MaxEntry: 1 << 20}}
}

func pexipLine(second int, rest string) string {
	return fmt.Sprintf(`2026-06-12T09:00:%02d.000+00:00 cn 2026-06-12 09:00:%02d,000 Level="INFO" Name="administrator.conference" %s`+"\n", second, second, rest)
}

const soraID = "J9RQEB074S2EB9SFBCN9AH7ASM"

// What a query means: whole ids before beginnings, equal names before parts of
// names, and one participant who came in two ways.
func TestFind(t *testing.T) {
	s := search(t, map[string]string{
		"sora.jsonl": `{"timestamp":"2026-06-12T09:00:00Z","level":"info","msg":"x","channel_id":"q \"1\"/室","client_id":"bob","connection_id":"` + soraID + `"}` + "\n",
		"sora.log":   "2026-06-12T08:59:59.000000Z [error] [q \"1\"/室/" + soraID[:8] + "/sendrecv] <0.1.2> INVALID-JSON\n",
		"unified_support.log": pexipLine(1, `Message="Participant has joined." Conference="Room \"1\"" Participant="sip:bob@example.com" DisplayName="Bob B." Call-id="abcd-1" Participant-id="p-1"`) +
			pexipLine(2, `Message="Participant has joined." Conference="Bobsleigh" Participant="sip:ann@example.com" Call-id="abcd-2"`) +
			pexipLine(3, `Message="Participant has joined." Conference="Other" Participant="sip:bob@example.net" Call-id="abcd-3"`),
	})
	for _, c := range []struct {
		text string
		kind Kind
		want []string
		one  bool
	}{
		{soraID, "", []string{soraID}, true},
		{strings.ToLower(soraID), "", []string{soraID}, true},
		{soraID[:8], "", []string{soraID[:8]}, true},
		{soraID[:6], "", []string{soraID}, true},
		{`q "1"/室`, "", []string{`q "1"/室`}, true},
		{`Room "1"`, "", []string{`Room "1"`}, true},
		{"bob", "", []string{"bob", "bob@example.com", "bob@example.net"}, false},
		{"bob@example.com", "", []string{"bob@example.com"}, true},
		{"Bob B.", "", []string{"bob@example.com"}, true},
		{"bobsl", "", []string{"Bobsleigh"}, true},
		{"bob", Conference, []string{"Bobsleigh"}, true},
		{"abcd-1", "", []string{"abcd-1"}, true},
		{"abcd", "", []string{"abcd-1", "abcd-2", "abcd-3"}, false},
		{"p-1", "", []string{"abcd-1"}, true},
		{"nobody", "", nil, false},
		{soraID, Call, []string{soraID}, true},
		{soraID, Channel, nil, false},
	} {
		found, err := s.Find(Query{Text: c.text, Kind: c.kind})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.ID)
		}
		_, one := Together(found)
		if slices.Sort(got); !slices.Equal(got, c.want) || one != c.one {
			t.Errorf("%q as %q: %q, one %v; want %q, %v", c.text, c.kind, got, one, c.want, c.one)
		}
	}
}

// A story has the lines of a connection from all logs in any form, once each.
func TestTell(t *testing.T) {
	bare := `{"timestamp":"2026-06-12T09:00:05Z","level":"info","msg":"somebody else","channel_id":"c","connection_id":"A9RQEB074S2EB9SFBCN9AH7ASM"}` + "\n"
	files := map[string]string{
		"sora.log":        "2026-06-12T09:00:01.000000Z [error] [c/" + soraID[:8] + "/sendrecv] <0.1.2> INVALID-JSON\n2026-06-12T09:00:01.000000Z [error] [other/" + soraID[:8] + "/sendrecv] <0.1.2> INVALID-JSON\n",
		"sora.jsonl":      bare + `{"timestamp":"2026-06-12T09:00:02Z","level":"error","msg":"PONG-TIMEOUT-ERROR","channel_id":"c","connection_id":"` + soraID + `"}` + "\n",
		"signaling.jsonl": `{"timestamp":"2026-06-12T09:00:00Z","type":"connect","channel_id":"c","connection_id":"` + soraID + `","session_id":"S9RQEB074S2EB9SFBCN9AH7ASM"}` + "\n",
		"session_webhook.jsonl": `{"id":"x","timestamp":"2026-06-12T09:00:03Z","req":{"type":"session.destroyed","session_id":"S9RQEB074S2EB9SFBCN9AH7ASM","channel_id":"c"}}` + "\n" +
			`{"id":"x","timestamp":"2026-06-12T09:00:03Z","req":{"type":"session.destroyed","session_id":"T9RQEB074S2EB9SFBCN9AH7ASM","channel_id":"c"}}` + "\n",
		"rtc_stats.jsonl": `{"timestamp":"2026-06-12T09:00:02.5Z","type":"connection.rtc","connection_id":"` + soraID + `","rtc_data":{"type":"inbound-rtp","kind":"audio","packetsReceived":90,"packetsLost":10,"jitter":0.005}}` + "\n",
	}
	files["sora.jsonl.1"] = files["sora.jsonl"] // somebody copied a log
	s := search(t, files)
	q := Query{Text: soraID}
	found, err := s.Find(q)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d subjects, %v", len(found), err)
	}
	story, err := s.Tell(found[0], q, false)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range story.Events {
		got = append(got, e.Log+" "+first(e.Code, e.Event))
	}
	want := []string{"signaling connect", "sora INVALID-JSON", "sora PONG-TIMEOUT-ERROR", "session_webhook session.destroyed"}
	if !slices.Equal(got, want) || story.Hidden != 1 {
		t.Errorf("%q, %d hidden; want %q", got, story.Hidden, want)
	}
	if len(story.Parts) != 1 || !slices.Equal(story.Parts[0].Media, []string{"audio rx loss 10.00% jitter 5ms"}) {
		t.Errorf("%+v", story.Parts)
	}
}

// Pexip tells of a failure without a call's id: it belongs to the caller's call of
// the moment, and later ones to calls of their own.
func TestFailuresWithoutAnID(t *testing.T) {
	s := search(t, map[string]string{"a_support.log": pexipLine(1, `Message="Participant attempting to join conference." ConferenceAlias="x" Participant="bob" Participant-id="p-1"`) +
		pexipLine(2, `Message="Participant failed to join conference." ConferenceAlias="x" Participant="bob" Reason="Busy here"`) +
		strings.ReplaceAll(pexipLine(3, `Message="Participant failed to join conference." ConferenceAlias="x" Participant="bob" Reason="Conference not found"`), "09:00", "10:00")})
	q := Query{Text: "bob"}
	found, _ := s.Find(q)
	subject, ok := Together(found)
	if !ok {
		t.Fatal(found)
	}
	story, err := s.Tell(subject, q, false)
	if err != nil || len(story.Parts) != 2 || !story.Parts[0].Failed || story.Parts[0].ID != "p-1" || !slices.Equal(story.Parts[0].Why, []string{"Busy here"}) || story.Parts[1].Why[0] != "Conference not found" {
		t.Errorf("%v: %+v", err, story.Parts)
	}
}

// Twice the words cost no more than twice the work, and the set does not read a
// text once for each word.
func TestManyWords(t *testing.T) {
	var words []string
	for i := range 20_000 {
		words = append(words, fmt.Sprintf("%08X", i*2654435761))
	}
	n := newNeedles(words, false)
	if text := bytes.Repeat([]byte("nothing of the kind "), 1000); n.in(text) {
		t.Error("found what is not there")
	}
	if !n.in([]byte("xx" + words[777] + "yy")) {
		t.Error("did not find what is there")
	}
}

func TestSparkline(t *testing.T) {
	for _, c := range []struct {
		counts []int
		want   string
	}{{nil, ""}, {[]int{0, 0}, "··"}, {[]int{0, 1, 50, 100}, "·▂▅█"}, {[]int{1, 1}, "██"}} {
		if got := Sparkline(c.counts); got != c.want {
			t.Errorf("%v: %s, want %s", c.counts, got, c.want)
		}
	}
}
