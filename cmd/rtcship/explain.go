package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/sora"
)

func newExplainCommand() *cobra.Command {
	var all, asJSON bool
	var lang string
	cmd := &cobra.Command{
		Use:   "explain CODE…",
		Short: "Say what a Sora code or a Pexip message means, and what to look at first",
		Long: `explain looks up codes of WebRTC SFU Sora, such as PONG-TIMEOUT-ERROR, and messages
of Pexip Infinity, whole or in part, such as "Participant has joined". An event
name or a Pexip module is understood as well.`,
		Example: `  rtcship explain PONG-TIMEOUT-ERROR
  rtcship explain --lang ja EXCEED-MAX-CONNECTIONS
  rtcship explain "entered incorrect conference PIN"
  rtcship explain --all --json`,
	}
	cmd.ValidArgsFunction = completeCodes
	cmd.Flags().BoolVar(&all, "all", false, "the whole catalogue")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, one entry a line")
	cmd.Flags().StringVar(&lang, "lang", "en", "language of the explanations: en | ja")
	registerChoices(cmd, "lang", "en", "ja")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if lang != "en" && lang != "ja" {
			return fmt.Errorf("--lang %s: want en or ja", lang)
		}
		if all == (len(args) > 0) {
			return fmt.Errorf("want codes or messages to explain, or --all: try rtcship explain PONG-TIMEOUT-ERROR")
		}
		found, unknown := lookUp(args, all, lang)
		if err := printExplanations(cmd.OutOrStdout(), found, asJSON); err != nil {
			return err
		}
		for _, arg := range unknown {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: not in the catalogue%s\n", arg, suggest(arg))
		}
		if len(unknown) > 0 {
			return exitStatus(1)
		}
		return nil
	}
	return cmd
}

// An explanation is what both catalogues have in common.
type explanation struct {
	Source     string   `json:"source"` // "sora" or "pexip"
	Name       string   `json:"name"`   // a code, a message, or a module
	Level      string   `json:"level,omitempty"`
	Category   string   `json:"category,omitempty"` // of Sora
	Module     string   `json:"module,omitempty"`   // of Pexip
	Event      string   `json:"event,omitempty"`    // name of the records' event
	Effect     string   `json:"effect,omitempty"`
	Meaning    string   `json:"meaning"`
	Check      string   `json:"check,omitempty"` // what to look at first
	Parameters []string `json:"parameters,omitempty"`
	Documented bool     `json:"documented"` // whether the vendor's document has it
}

func lookUp(args []string, all bool, lang string) (found []explanation, unknown []string) {
	if all {
		return append(explainSora(sora.Events(), lang), explainPexip(pexip.Messages(), lang)...), nil
	}
	for _, arg := range args {
		hits := append(explainSora(sora.Lookup(arg), lang), explainPexip(pexip.Lookup(arg), lang)...)
		if len(hits) == 0 {
			unknown = append(unknown, arg)
		}
		found = append(found, hits...)
	}
	return found, unknown
}

func explainSora(events []sora.Event, lang string) []explanation {
	var out []explanation
	for i := range events {
		e := &events[i]
		meaning, check := e.Meaning.EN, e.Check.EN
		if lang == "ja" {
			meaning, check = e.Meaning.JA, e.Check.JA
		}
		out = append(out, explanation{
			Source: "sora", Name: e.Code, Level: e.Level, Category: e.Category, Event: e.Name(),
			Effect: effects[lang][e.Effect], Meaning: meaning, Check: check, Documented: e.Listed,
		})
	}
	return out
}

// effects is what Sora does when it reports a code, by language.
var effects = map[string]map[string]string{
	"en": {
		"connection_kept":   "Sora keeps the connection",
		"connection_closed": "Sora closes the connection",
		"sora_stops":        "Sora ends",
	},
	"ja": {
		"connection_kept":   "接続は維持されます",
		"connection_closed": "Sora が接続を切断します",
		"sora_stops":        "Sora が終了します",
	},
}

func explainPexip(messages []pexip.Message, lang string) []explanation {
	var out []explanation
	for i := range messages {
		m := &messages[i]
		e := explanation{
			Source: "pexip", Name: m.Message, Level: m.Level, Module: m.Module, Event: m.Event,
			Meaning: m.Meaning, Check: m.Look, Parameters: m.Parameters, Documented: m.Documented,
		}
		if e.Name == "" {
			e.Name, e.Module = m.Module, ""
		}
		if lang == "ja" && m.MeaningJA != "" {
			e.Meaning = m.MeaningJA
		}
		out = append(out, e)
	}
	return out
}

func printExplanations(w io.Writer, all []explanation, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for i := range all {
			if err := enc.Encode(&all[i]); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range all {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := all[i].print(w); err != nil {
			return err
		}
	}
	return nil
}

func (e *explanation) print(w io.Writer) error {
	fmt.Fprintln(w, e.Name)
	for _, row := range [][2]string{
		{"level", e.Level}, {"category", e.Category}, {"module", e.Module}, {"event", e.Event}, {"effect", e.Effect},
		{"meaning", e.Meaning}, {"check", e.Check}, {"parameters", strings.Join(e.Parameters, ", ")},
	} {
		if row[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "  %-10s  %s\n", row[0], row[1]); err != nil {
			return err
		}
	}
	return nil
}

// suggest names the code most like arg, if one is like it.
func suggest(arg string) string {
	best, distance := "", len(arg)/3+1
	for _, e := range sora.Events() {
		if d := levenshtein.ComputeDistance(strings.ToUpper(arg), e.Code); d < distance {
			best, distance = e.Code, d
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean " + best + "?"
}
