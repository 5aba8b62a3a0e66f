package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/screen"
	"github.com/rtcship/rtcship/internal/story"
)

func newCallCommand() *cobra.Command {
	c := &calling{}
	cmd := &cobra.Command{
		Use:   "call ID [PATH…]",
		Short: "Tell the story of one connection, session, call, conference or participant",
		Long: `call looks for an id, the beginning of one, or a name, in all logs of both servers,
and tells what happened: who it was, how long it was, how it ended and what that
means, the quality of its media, and then every event with its time since the
first one. If several things bear the name, they are listed to choose from.

PATH is a file, a directory, or an archive that "rtcship bundle" made; compressed
files are read as they are. Without PATH it reads what this rtcship follows, as
its configuration says. With --conference and the like, all arguments are paths.

Secrets are masked as in shipping.`,
		Example: `  rtcship call Bob testdata
  rtcship call --conference "Meet Alice" --ladder testdata/pexip
  rtcship call ZVZ67NV1 testdata/sora/log --lang ja
  rtcship call carol testdata --json`,
		ValidArgsFunction: completeLogs,
	}
	flags := cmd.Flags()
	for _, k := range callKinds {
		flags.StringVar(c.kind(k.kind), k.flag, "", k.help)
	}
	flags.BoolVar(&c.ladder, "ladder", false, "draw the signaling of calls (SIP, H.323, REST) as arrows between addresses")
	flags.BoolVarP(&c.verbose, "verbose", "v", false, "statistics and Erlang's reports, too")
	c.reading = addReadingFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		query, paths, err := c.query(args)
		if err != nil {
			return err
		}
		if err := c.prepare(cmd); err != nil {
			return err
		}
		return c.run(cmd, query, paths)
	}
	return cmd
}

var callKinds = []struct {
	kind       story.Kind
	flag, help string
}{
	{story.Connection, "connection", "a connection's id, or its beginning"},
	{story.Session, "session", "a session's id"},
	{story.Channel, "channel", "a channel's name"},
	{story.Call, "call", "a call's id (Pexip's Call-id, Participant-id)"},
	{story.Conference, "conference", "a conference's name or alias"},
	{story.Participant, "participant", "a participant's or client's name"},
}

type calling struct {
	*reading
	ladder, verbose bool
	kinds           map[story.Kind]*string
}

func (c *calling) kind(k story.Kind) *string {
	if c.kinds == nil {
		c.kinds = map[story.Kind]*string{}
	}
	c.kinds[k] = new(string)
	return c.kinds[k]
}

// query is what the arguments ask for, and where.
func (c *calling) query(args []string) (q story.Query, paths []string, err error) {
	for _, k := range callKinds {
		if text := *c.kinds[k.kind]; text != "" {
			if q.Text != "" {
				return q, nil, fmt.Errorf("--%s: one thing at a time", k.flag)
			}
			q = story.Query{Text: text, Kind: k.kind}
		}
	}
	if q.Text != "" {
		return q, args, nil
	}
	if len(args) == 0 || args[0] == "" {
		return q, nil, errors.New("want an id or a name: try rtcship call Bob /opt/sora/log")
	}
	return story.Query{Text: args[0]}, args[1:], nil
}

func (c *calling) run(cmd *cobra.Command, q story.Query, paths []string) error {
	in, err := c.inputs(paths)
	if err != nil {
		return err
	}
	defer in.Close()
	settings, err := c.settings()
	if err != nil {
		return err
	}
	bar := progress(cmd.ErrOrStderr(), "reading", 2*in.Bytes())
	search := story.Search{Inputs: in.List, Settings: settings, Progress: func(n int64) { _ = bar.Add64(n) }} // a bar that cannot be drawn is no fault
	found, faults := search.Find(q)
	subject, one := story.Together(found)
	if !one {
		_ = bar.Finish()
		return errors.Join(faults, c.choose(cmd, q, found))
	}
	told, err := search.Tell(subject, q, c.verbose)
	_ = bar.Finish()
	if err := c.within(told); err != nil {
		return err
	}
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "rtcship:", err) // the rest of the logs has its story all the same
	}
	if c.json {
		return told.WriteJSON(cmd.OutOrStdout(), c.language())
	}
	return told.Write(story.Options{Screen: screen.New(cmd.OutOrStdout()), Lang: c.language(), Explain: c.explain, Ladder: c.ladder})
}

// within leaves out events outside --since and --until.
func (c *calling) within(told *story.Story) error {
	from, to, err := c.window()
	if err == nil {
		told.Within(from, to)
	}
	return err
}

// choose lists what a query may mean; it is a failure, since nothing was told.
func (c *calling) choose(cmd *cobra.Command, q story.Query, found []*story.Subject) error {
	if len(found) == 0 {
		return fmt.Errorf("nothing in these logs is called %q", q.Text)
	}
	out := cmd.OutOrStdout()
	if c.json {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for _, s := range found {
			if err := enc.Encode(map[string]any{"kind": s.Kind, "source": s.Source, "id": s.ID, "name": s.Name, "where": s.Where, "first": s.First, "last": s.Last, "records": s.Records}); err != nil {
				return err
			}
		}
		return exitStatus(2)
	}
	listSubjects(out, found)
	fmt.Fprintf(cmd.ErrOrStderr(), "rtcship: %q may be %s: ask for one by its whole id\n", q.Text, english.Plural(len(found), "thing", ""))
	return exitStatus(2)
}

// mostListed is how many hits are listed.
const mostListed = 50

func listSubjects(w io.Writer, found []*story.Subject) {
	sc := screen.New(w)
	for i, s := range found {
		if i == mostListed {
			fmt.Fprintf(w, "… and %d more\n", len(found)-i)
			return
		}
		name := screen.Clean(s.ID)
		if s.Name != "" && s.Name != s.ID {
			name += "  " + screen.Clean(s.Name)
		}
		if s.Where != "" {
			name += "  " + screen.Clean(s.Where)
		}
		fmt.Fprintf(w, "%s  %s – %s  %s\n", screen.Pad(s.Source+" "+string(s.Kind), 17), s.First.Format(time.DateTime), s.Last.Format("15:04:05"), sc.Paint(screen.Cyan, name))
	}
}
