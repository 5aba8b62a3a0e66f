package story

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/reader"
)

// A Kind is what a story can be about.
type Kind string

// The kinds there are.
const (
	Connection  Kind = "connection"
	Session     Kind = "session"
	Channel     Kind = "channel"
	Call        Kind = "call"
	Conference  Kind = "conference"
	Participant Kind = "participant"
)

// A Query is what somebody asks for.
type Query struct {
	Text string // an id, its beginning, or a name
	Kind Kind   // "" is any
}

// A Subject is what a query may mean.
type Subject struct {
	Kind        Kind
	Source      string
	ID          string // a whole id, or a name
	Name        string // for people, "" if ID is
	Where       string // channel or conference
	First, Last time.Time
	Records     int // that name it

	rank     int // how well it fits the query; 0 is best
	ids      map[string]bool
	sessions map[string]bool // of a connection; what is said of them concerns it too
	aliases  map[string]bool // of a conference; who fails to join says no more than them
}

// How well something fits.
const (
	exactly = iota
	beginning
	part
	notAtAll
)

// idMatch compares an id with a query: the same, or one that begins so.
func idMatch(id, query string) int {
	switch {
	case id == "":
		return notAtAll
	case strings.EqualFold(id, query):
		return exactly
	case len(query) >= 4 && len(id) > len(query) && strings.EqualFold(id[:len(query)], query):
		return beginning
	}
	return notAtAll
}

// nameMatch compares a name: "Bob" is "bob", and the Bob of sip:bob@example.com.
func nameMatch(name, query string) int {
	switch {
	case name == "":
		return notAtAll
	case strings.EqualFold(name, query), strings.EqualFold(address(name), query), strings.EqualFold(user(name), query):
		return exactly
	case strings.Contains(strings.ToLower(name), strings.ToLower(query)):
		return part
	}
	return notAtAll
}

// address is a participant's alias without the protocol.
func address(name string) string {
	for _, scheme := range []string{"sip:", "sips:", "h323:", "mssip:", "tel:"} {
		if rest, ok := strings.CutPrefix(name, scheme); ok {
			return rest
		}
	}
	return name
}

// user is an address without its domain.
func user(name string) string {
	before, _, _ := strings.Cut(address(name), "@")
	return before
}

// mostIDs bounds how many identities a story can be made of.
const mostIDs = 50_000

// mostAliases bounds those of one conference.
const mostAliases = 100

// A finder gathers what a query may mean.
type finder struct {
	query Query
	all   map[string]*Subject // by kind, source and id
}

// look notes what a record says about the query.
func (f *finder) look(r *reader.Record) {
	if r.Source == "pexip" {
		f.pexip(r)
		return
	}
	q := f.query.Text
	connection, session := r.Get("sora.connection_id"), r.Get("sora.session_id")
	channel, client := r.Get("sora.channel_id"), r.Get("sora.client_id")
	if short := r.Get("sora.connection_id_short"); connection == "" && short != "" {
		switch {
		case strings.EqualFold(short, q):
			f.add(Connection, r, exactly, short, "", channel, short)
		case len(q) > 8 && strings.EqualFold(short, q[:8]): // if nothing else has the whole id
			f.add(Connection, r, beginning, short, "", channel, short)
		}
	}
	bundle := r.Get("sora.bundle_id")
	if c := f.add(Connection, r, min(idMatch(connection, q), idMatch(bundle, q)), connection, other(client, connection), channel, connection); c != nil && session != "" {
		c.sessions[strings.Clone(session)] = true
	}
	f.add(Session, r, idMatch(session, q), session, "", channel, connection, session)
	f.add(Channel, r, nameMatch(channel, q), channel, "", "", connection, session)
	if client != connection {
		f.add(Participant, r, nameMatch(client, q), client, "", channel, connection)
	}
}

func other(name, id string) string {
	if name == id {
		return ""
	}
	return name
}

func (f *finder) pexip(r *reader.Record) {
	q := f.query.Text
	call, participant, uuid := r.Get("pexip.call_id"), r.Get("pexip.participant_id"), r.Get("pexip.uuid")
	name := first(r.Get("pexip.participant"), r.Get("pexip.participant_alias"))
	where := first(r.Get("pexip.conference"), r.Get("pexip.conference_alias"))
	rank := min(idMatch(call, q), idMatch(participant, q), idMatch(uuid, q), idMatch(r.Get("pexip.conversation_id"), q))
	id := first(call, uuid, participant, r.Get("pexip.conversation_id"))
	f.add(Call, r, rank, id, name, where, call, participant, uuid)
	rank = min(nameMatch(name, q), nameMatch(r.Get("pexip.display_name"), q))
	f.add(Participant, r, rank, address(name), r.Get("pexip.display_name"), where, call, participant, uuid)
	conference, alias := r.Get("pexip.conference"), r.Get("pexip.conference_alias")
	if c := f.add(Conference, r, nameMatch(conference, q), conference, "", "", call, participant, uuid); c != nil && alias != "" && len(c.aliases) < mostAliases {
		c.aliases[strings.ToLower(alias)] = true
	}
	if conference == "" {
		f.add(Conference, r, nameMatch(alias, q), alias, "", "", call, participant, uuid)
	}
}

// add notes that a record names a subject, and the identities it goes by there.
func (f *finder) add(kind Kind, r *reader.Record, rank int, id, name, where string, ids ...string) *Subject {
	if rank == notAtAll || id == "" || !f.wants(kind) {
		return nil
	}
	key := string(kind) + "\x00" + r.Source + "\x00" + strings.ToLower(id)
	if len(id) == 8 { // the beginning of an id: in two channels, of two connections
		key += "\x00" + where
	}
	s := f.all[key]
	if s == nil {
		if len(f.all) >= mostIDs {
			return nil
		}
		s = &Subject{Kind: kind, Source: r.Source, ID: id, First: r.Time, rank: rank, ids: map[string]bool{}, sessions: map[string]bool{}, aliases: map[string]bool{}}
		f.all[key] = s
	}
	s.rank = min(s.rank, rank)
	s.Name, s.Where = first(s.Name, name), first(where, s.Where)
	s.Records++
	if !r.Time.IsZero() && (s.First.IsZero() || r.Time.Before(s.First)) {
		s.First = r.Time
	}
	if r.Time.After(s.Last) {
		s.Last = r.Time
	}
	for _, id := range ids {
		if id != "" && len(s.ids) < mostIDs {
			s.ids[strings.Clone(id)] = true
		}
	}
	return s
}

// merge takes in what another finder of the same query found.
func (f *finder) merge(o *finder) {
	for key, s := range o.all {
		have := f.all[key]
		if have == nil {
			f.all[key] = s
			continue
		}
		have.rank = min(have.rank, s.rank)
		have.Name, have.Where = first(have.Name, s.Name), first(have.Where, s.Where)
		have.Records += s.Records
		if !s.First.IsZero() && (have.First.IsZero() || s.First.Before(have.First)) {
			have.First = s.First
		}
		if s.Last.After(have.Last) {
			have.Last = s.Last
		}
		maps.Copy(have.ids, s.ids)
		maps.Copy(have.sessions, s.sessions)
		maps.Copy(have.aliases, s.aliases)
	}
}

// wants says whether the query may mean a kind. What one vendor calls a channel
// the other calls a conference.
func (f *finder) wants(kind Kind) bool {
	switch f.query.Kind {
	case "", kind:
		return true
	case Channel, Conference:
		return kind == Channel || kind == Conference
	case Call, Connection:
		return kind == Call || kind == Connection
	}
	return false
}

// best are the subjects that fit best, in order of time.
func (f *finder) best() []*Subject {
	rank := notAtAll
	for _, s := range f.all {
		rank = min(rank, s.rank)
	}
	all := slices.DeleteFunc(slices.Collect(maps.Values(f.all)), func(s *Subject) bool { return s.rank > rank })
	all = slices.DeleteFunc(all, func(s *Subject) bool { // a legacy line's short id of a connection that is there as a whole
		return len(s.ID) == 8 && slices.ContainsFunc(all, func(o *Subject) bool {
			return o != s && o.Kind == s.Kind && o.Where == s.Where && strings.HasPrefix(o.ID, s.ID)
		})
	})
	slices.SortFunc(all, func(a, b *Subject) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// mostSame is how many names one participant can come by.
const mostSame = 20

// together makes one subject of several that are the same one: a participant who
// came by both servers, a name that is both a channel and a conference.
func together(all []*Subject) (*Subject, bool) {
	if len(all) == 0 || len(all) > mostSame {
		return nil, false
	}
	one := *all[0]
	one.ids = maps.Clone(one.ids)
	for _, s := range all {
		for _, o := range all {
			same := s.Kind == Participant && o.Kind == Participant && strings.EqualFold(user(s.ID), user(o.ID)) && sameDomain(s.ID, o.ID)
			if s != o && !same {
				return nil, false
			}
		}
		maps.Copy(one.ids, s.ids)
		if s != all[0] {
			one.Records += s.Records
			one.Source = ""
			if s.Last.After(one.Last) {
				one.Last = s.Last
			}
		}
	}
	return &one, true
}

// sameDomain says whether two addresses may be of one user: one has no domain, or
// both have the same.
func sameDomain(a, b string) bool {
	_, x, _ := strings.Cut(address(a), "@")
	_, y, _ := strings.Cut(address(b), "@")
	return x == "" || y == "" || strings.EqualFold(x, y)
}
