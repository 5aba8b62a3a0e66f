package meaning

import (
	"testing"

	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/sora"
)

// Everything in the catalogues is explained in both languages.
func TestCatalogues(t *testing.T) {
	for _, lang := range []Lang{English, Japanese} {
		for _, e := range sora.Events() {
			if m, ok := Code(e.Code, e.Level, lang); !ok || m.Text == "" || m.Text != lang.pick(e.Meaning.EN, e.Meaning.JA) {
				t.Errorf("%s (%s) in %s: %+v", e.Code, e.Level, lang, m)
			}
		}
		for _, e := range pexip.Messages() {
			if m, ok := Event(e.Event, lang); e.Message != "" && (!ok || m.Text == "") {
				t.Errorf("%s in %s: %+v", e.Event, lang, m)
			}
		}
	}
}

// Reasons are known however they are written, and in both languages.
func TestReasons(t *testing.T) {
	for _, reason := range []string{"NO-ERROR", "no_error", "Remote disconnect", "Remote disconnect.", "Invalid PIN", "Conference locked", "PONG-TIMEOUT-ERROR"} {
		en, ok := Reason(reason, English)
		ja, _ := Reason(reason, Japanese)
		if !ok || en.Text == "" || en.Text == ja.Text {
			t.Errorf("%s: %+v, %+v", reason, en, ja)
		}
	}
	for key, r := range reasons {
		if r.en == "" || r.ja == "" || (r.check == "") != (r.checkJA == "") {
			t.Errorf("%s is not explained in both languages", key)
		}
	}
	if _, ok := Reason("something that nobody knows", English); ok {
		t.Error("an unknown reason is explained")
	}
	if SIP(486, English) != "busy" || SIP(299, English) != "" {
		t.Error("SIP statuses")
	}
}

// What has no code is explained by its event, and a code by its level.
func TestOf(t *testing.T) {
	warning, _ := Of("", "DTLS-ALERT", "warning", English)
	fatal, _ := Of("", "DTLS-ALERT", "error", English)
	if warning.Text == fatal.Text {
		t.Error("DTLS-ALERT means the same at both levels")
	}
	if m, ok := Of("pexip.pin.incorrect", "", "info", English); !ok || m.Text == "" {
		t.Error("an event without a code is not explained")
	}
	if _, ok := Of("sora.signaling.offer", "", "info", English); ok {
		t.Error("an offer needs no explanation")
	}
}
