package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/reader"
	"github.com/rtcship/rtcship/internal/screen"
	"github.com/rtcship/rtcship/internal/story"
)

func newTopCommand() *cobra.Command {
	c := &topping{}
	cmd := &cobra.Command{
		Use:   "top [PATH…]",
		Short: "Count what logs say: codes, ends, reasons, channels, nodes, with sparklines",
		Long: `top counts the records of logs by level, code, event, end, reason, channel or
conference, node, log and domain, and shows when they came: what the first row of
a dashboard shows, without one.

PATH is a file, a directory, or an archive that "rtcship bundle" made. Without PATH
it counts what this rtcship follows.`,
		Example: `  rtcship top testdata
  rtcship top --by codes,ends --explain testdata/sora/log
  rtcship top --step 1m --json testdata/pexip`,
		ValidArgsFunction: completeLogs,
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&c.by, "by", story.Tables, "what is counted")
	flags.IntVarP(&c.rows, "rows", "n", 10, "rows of each table; 0 for all")
	flags.DurationVar(&c.step, "step", 5*time.Minute, "width of a sparkline's column, if all of them have room")
	flags.StringVar(&c.filter.Channel, "channel", "", "of this channel or conference alone")
	flags.StringVar(&c.level, "level", "", "at least this level")
	c.reading = addReadingFlags(cmd)
	flags.Lookup("json").Usage = "one row a line, as JSON"
	registerChoices(cmd, "by", story.Tables...)
	registerChoices(cmd, "level", reader.Levels()...)
	cmd.RunE = func(cmd *cobra.Command, paths []string) error {
		if err := c.prepare(cmd); err != nil {
			return err
		}
		if err := c.check(); err != nil {
			return err
		}
		return c.run(cmd, paths)
	}
	return cmd
}

type topping struct {
	*reading
	by     []string
	rows   int
	step   time.Duration
	level  string
	filter story.Filter
}

func (c *topping) check() (err error) {
	for _, table := range c.by {
		if !slices.Contains(story.Tables, table) {
			return fmt.Errorf("--by %s: want some of %s", table, strings.Join(story.Tables, ", "))
		}
	}
	if c.step < time.Second {
		return fmt.Errorf("--step %s: want at least 1s", c.step)
	}
	if c.level != "" {
		ok := false
		if c.filter.Severity, ok = reader.Severity(c.level); !ok {
			return fmt.Errorf("--level %s: want debug, info, notice, warning, error, critical, alert or emergency", c.level)
		}
	}
	c.filter.From, c.filter.To, err = c.window()
	return err
}

func (c *topping) run(cmd *cobra.Command, paths []string) error {
	in, err := c.inputs(paths)
	if err != nil {
		return err
	}
	defer in.Close()
	settings, err := c.settings()
	if err != nil {
		return err
	}
	bar := progress(cmd.ErrOrStderr(), "counting", in.Bytes())
	count := story.NewCount(c.step)
	var errs []error
	for i := range in.List {
		errs = append(errs, in.List[i].Read(settings, nil, func(r *reader.Record) bool {
			if c.filter.Match(r) {
				count.Add(r)
			}
			return true
		}))
		_ = bar.Add64(in.List[i].Size) // a bar that cannot be drawn is no fault
	}
	_ = bar.Finish()
	if c.json {
		err = c.writeJSON(cmd, count)
	} else {
		err = c.write(screen.New(cmd.OutOrStdout()), count)
	}
	return errors.Join(err, errors.Join(errs...))
}

func (c *topping) writeJSON(cmd *cobra.Command, count *story.Count) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	for _, table := range c.by {
		for _, row := range c.most(count, table) {
			line := struct {
				*story.Row
				From    time.Time     `json:"from"`
				Step    time.Duration `json:"step_ns"`
				Counts  []int         `json:"counts"`
				Meaning string        `json:"meaning,omitempty"`
			}{row, count.From.Truncate(c.step), c.step, count.Line(row, 1<<20), c.meaning(row)}
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *topping) most(count *story.Count, table string) []*story.Row {
	rows := count.Rows(table)
	if c.rows > 0 && len(rows) > c.rows {
		rows = rows[:c.rows]
	}
	return rows
}

// meaning explains the rows that are codes, events or ends.
func (c *topping) meaning(row *story.Row) string {
	v := story.View{Name: row.Value, Level: row.Level}
	switch row.Table {
	case "codes":
		v.Code = row.Value
	case "events":
	case "ends":
		_, reason, _ := strings.Cut(row.Value, ": ")
		m, _ := story.Explain(reason, c.language())
		return m.Text
	default:
		return ""
	}
	m, _ := v.Meaning(c.language())
	return m.Text
}

func (c *topping) write(sc *screen.Screen, count *story.Count) error {
	head := fmt.Sprintf("%d records", count.Records)
	if !count.From.IsZero() {
		head += ", " + count.From.Format(time.DateTime) + " – " + count.To.Format(time.DateTime)
	}
	fmt.Fprintln(sc.W, sc.Paint(screen.Bold, head))
	for _, table := range c.by {
		if err := c.table(sc, count, table); err != nil {
			return err
		}
	}
	return nil
}

// widest bounds the column of values.
const widest = 52

func (c *topping) table(sc *screen.Screen, count *story.Count, table string) error {
	rows := c.most(count, table)
	if len(rows) == 0 {
		return nil
	}
	names, width, digits := make([]string, len(rows)), 0, 0
	for i, row := range rows {
		names[i] = screen.Clean(row.Value)
		if row.Level != "" {
			names[i] += " (" + screen.Clean(row.Level) + ")"
		}
		names[i] = screen.Cut(names[i], widest)
		width = max(width, screen.Width(names[i]))
		digits = max(digits, len(fmt.Sprint(row.N)))
	}
	columns := 48
	if sc.Width > 0 {
		columns = max(8, min(columns, sc.Width-width-digits-6))
	}
	fmt.Fprintf(sc.W, "\n%s\n", sc.Paint(screen.Cyan, table))
	for i, row := range rows {
		line := "  " + screen.Pad(names[i], width) + "  " + screen.Left(fmt.Sprint(row.N), digits) + "  " + sc.Paint(screen.Dim, story.Sparkline(count.Line(row, columns)))
		if _, err := fmt.Fprintln(sc.W, line); err != nil {
			return err
		}
		if text := c.meaning(row); c.explain && text != "" {
			for _, l := range screen.Wrap("· "+text, max(0, sc.Width-4), 0) {
				fmt.Fprintln(sc.W, "    "+sc.Paint(screen.Dim, l))
			}
		}
	}
	if hidden := len(count.Rows(table)) - len(rows); hidden > 0 {
		fmt.Fprintf(sc.W, "  … and %d more\n", hidden)
	}
	return nil
}
