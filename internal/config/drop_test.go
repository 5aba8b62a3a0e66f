package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each name that a source or the standard gives a severity is read, and what is
// shown is read again as the same.
func TestSeverities(t *testing.T) {
	for text, want := range map[string]Severity{
		"debug": 5, "info": 9, "notice": 10, "warning": 13, "error": 17, "critical": 18, "alert": 19, "emergency": 21, // Sora
		"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 18, // Pexip
		"emerg": 21, "crit": 18, "err": 17, // syslog
		"TRACE": 1, "TRACE4": 4, "DEBUG2": 6, "INFO4": 12, "WARN": 13, "WARN2": 14, "ERROR2": 18, "ERROR4": 20, "FATAL": 21, "FATAL4": 24, // OTLP
		"SEVERITY_NUMBER_WARN": 13, "13": 13, "1": 1, "24": 24, `""`: 0, "' Info '": 9,
	} {
		l, err := Load(Input{Flags: map[string][]string{"sora.min_severity": {text}, "pexip.min_severity": {text}}})
		if err != nil || l.Sora.MinSeverity != want || l.Pexip.MinSeverity != want {
			t.Errorf("%s is read as %v, error %v", text, l, err)
			continue
		}
		again, err := Load(Input{Flags: map[string][]string{"sora.min_severity": {`"` + want.String() + `"`}}})
		if err != nil || again.Sora.MinSeverity != want {
			t.Errorf("%s is shown as %q, which is read as %v, error %v", text, want, again, err)
		}
	}
	for _, text := range []string{"0", "-1", "25", "1.5", "WARN5", "off", "true", "null0"} {
		if _, err := Load(Input{Flags: map[string][]string{"sora.min_severity": {text}}}); err == nil {
			t.Errorf("%s is no severity", text)
		}
	}
}

func TestDropForms(t *testing.T) {
	want := DropRules{{Log: "rtc_stats"}, {Module: "support.*", Event: "pexip.x"}}
	for name, in := range map[string]Input{
		"file":     {File: write(t, "drop:\n  - log: rtc_stats\n  - {module: 'support.*', event: pexip.x}\n")},
		"flag":     {Flags: map[string][]string{"drop": {"[{log: rtc_stats}, {module: support.*, event: pexip.x}]"}}},
		"variable": {Environ: []string{"RTCSHIP_DROP=[{log: rtc_stats}, {module: support.*, event: pexip.x}]"}},
	} {
		l, err := Load(in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, l.Drop); diff != "" || len(l.Warnings) > 0 {
			t.Errorf("%s (-want +got):\n%s\nwarnings %v", name, diff, l.Warnings)
		}
		k := Keys()[0]
		for _, k = range Keys() {
			if k.Path == "drop" {
				break
			}
		}
		if got := k.ValueText(&l.Config); got != "[{log: rtc_stats}, {module: support.*, event: pexip.x}]" {
			t.Errorf("%s: shown as %s", name, got)
		}
	}
	if l, err := Load(Input{Flags: map[string][]string{"drop": {"{log: debug}"}}}); err != nil || len(l.Drop) != 1 {
		t.Errorf("one rule by itself: %v, %v", l, err)
	}
	_, err := Load(Input{Environ: []string{"RTCSHIP_DROP=[{lgo: x}]"}})
	if err == nil || err.Error() != `RTCSHIP_DROP: drop: unknown condition "lgo": did you mean log?` {
		t.Errorf("error %v", err)
	}
}

// A misspelt rule drops nothing, and only the bill would show it.
func TestUnknownNamesInRulesAreTold(t *testing.T) {
	l, err := Load(Input{File: write(t, "drop: [{log: rtc_stat}, {code: PONG-TIMEOUT-EROR}, {module: suport.sip}, {log: '*_webhok'}, {log: rtc_stats, code: PONG-TIMEOUT-ERROR}]\n")})
	if err != nil {
		t.Fatal(err)
	}
	want := []Fault{
		{"rtcship.yaml:1:7", "drop", `log "rtc_stat" is none that rtcship knows, so the rule may drop nothing: did you mean rtc_stats?`},
		{"rtcship.yaml:1:7", "drop", `code "PONG-TIMEOUT-EROR" is none that rtcship knows, so the rule may drop nothing: did you mean PONG-TIMEOUT-ERROR?`},
		{"rtcship.yaml:1:7", "drop", `module "suport.sip" is none that rtcship knows, so the rule may drop nothing: did you mean support.sip?`},
	}
	if diff := cmp.Diff(want, l.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}
