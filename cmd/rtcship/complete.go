package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/reader"
)

// completeLogs completes paths, which the shell does best itself.
func completeLogs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// completeCodes completes codes of Sora's.
func completeCodes(_ *cobra.Command, _ []string, begun string) (codes []string, _ cobra.ShellCompDirective) {
	for _, e := range sora.Events() {
		if strings.HasPrefix(e.Code, strings.ToUpper(begun)) && !slices.Contains(codes, e.Code) {
			codes = append(codes, e.Code)
		}
	}
	return codes, cobra.ShellCompDirectiveNoFileComp
}

// registerNames completes what stands in logs: codes and events from the
// catalogues, the names of logs and modules, and channels and participants from
// the logs that the command line names.
func registerNames(cmd *cobra.Command) {
	complete := func(flag string, f cobra.CompletionFunc) {
		if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
			panic("rtcship: " + err.Error()) // no such flag: a slip in this program
		}
	}
	complete("event", func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		all, directive := completeCodes(cmd, args, begun)
		for _, m := range pexip.Messages() {
			if strings.HasPrefix(m.Event, begun) && !slices.Contains(all, m.Event) {
				all = append(all, m.Event)
			}
		}
		return all, directive
	})
	complete("log", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return logNames(), cobra.ShellCompDirectiveNoFileComp
	})
	complete("channel", completeFrom("sora.channel_id", "pexip.conference"))
	complete("participant", completeFrom("sora.client_id", "pexip.participant"))
}

// logNames are Sora's logs and Pexip's modules.
func logNames() (names []string) {
	names = reader.SoraLogs()
	for _, m := range pexip.Messages() {
		if m.Message == "" {
			names = append(names, m.Module)
		}
	}
	return names
}

// mostLooked is how many records of each file a completion looks at: it must
// come while somebody waits.
const mostLooked = 2000

// completeFrom completes values of attributes from the logs that are named on
// the command line, or else in the present directory.
func completeFrom(attributes ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp
		if len(args) == 0 {
			args = []string{"."}
		}
		cfg := config.Default()
		converter, err := pipeline.NewConverter(&cfg, programVersion())
		if err != nil {
			return nil, directive
		}
		in, err := reader.Find(args, "")
		if err != nil {
			return nil, directive
		}
		defer in.Close()
		var found []string
		for i := range in.List {
			n := 0
			_ = in.List[i].Read(&reader.Settings{Converter: converter, Small: true}, nil, func(r *reader.Record) bool { // what cannot be read completes nothing
				for _, name := range attributes {
					if v := r.Get(name); v != "" && strings.HasPrefix(v, begun) && !slices.Contains(found, v) {
						found = append(found, v)
					}
				}
				n++
				return n < mostLooked && len(found) < 200
			})
		}
		slices.Sort(found)
		return found, directive
	}
}
