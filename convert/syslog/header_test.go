package syslog

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// show prints a header on one line, absent fields left out.
func show(h Header) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", h.Format)
	if h.Priority >= 0 {
		fmt.Fprintf(&b, " pri=%d.%d", h.Facility(), h.Severity())
	}
	if !h.Time.IsZero() {
		fmt.Fprintf(&b, " at=%s", h.Time.Format(time.RFC3339Nano))
	}
	for _, f := range []struct {
		name  string
		value []byte
	}{{"before", h.Before}, {"selector", h.Selector}, {"host", h.Host}, {"app", h.App}, {"pid", h.ProcID}, {"msgid", h.MsgID}, {"data", h.Data}} {
		if f.value != nil {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	return b.String() + " | " + string(h.Text)
}

func TestParse(t *testing.T) {
	observed := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	f := func(msg, want string) {
		t.Helper()
		h := Parse([]byte(msg), observed)
		if got := show(h); got != want {
			t.Errorf("%q\n got %s\nwant %s", msg, got, want)
		}
	}

	// RFC 5424.
	f(`<165>1 2003-10-11T22:14:15.003Z mymachine evntslog - ID47 [exampleSDID@32473 iut="3"] An event`,
		`rfc5424 pri=20.5 at=2003-10-11T22:14:15.003Z host=mymachine app=evntslog msgid=ID47 data=[exampleSDID@32473 iut="3"] | An event`)
	f("<34>1 2003-10-11T22:14:15.003Z h su - ID47 - \xef\xbb\xbf'su root' failed", `rfc5424 pri=4.2 at=2003-10-11T22:14:15.003Z host=h app=su msgid=ID47 | 'su root' failed`)
	f(`<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 p 8710 - - text`, `rfc5424 pri=20.5 at=2003-08-24T12:14:15.000003Z host=192.0.2.1 app=p pid=8710 | text`)
	f(`<0>1 - - - - - -`, `rfc5424 pri=0.0 | `)
	f(`<0>1 - h a - - [a b="]\"\\"][c@1] x`, `rfc5424 pri=0.0 host=h app=a data=[a b="]\"\\"][c@1] | x`)
	f(`<0>1 - h a - - [a b="x"]`, `rfc5424 pri=0.0 host=h app=a data=[a b="x"] | `)
	f(`<0>1 - h a - - [a b="x] text`, `rfc5424 pri=0.0 host=h app=a | [a b="x] text`)
	f(`<0>1 - h a - - [a b="x"]text`, `rfc5424 pri=0.0 host=h app=a data=[a b="x"] | text`)
	f(`<0>1 - h a - - [a b=x] text`, `rfc5424 pri=0.0 host=h app=a | [a b=x] text`)
	f(`<0>1 - h a - - [] text`, `rfc5424 pri=0.0 host=h app=a | [] text`)
	f(`<14>1 2026-01-02T03:04:05Z node`, `rfc5424 pri=1.6 at=2026-01-02T03:04:05Z host=node | `)
	f(`<14>1 2026-01-02T03:04:05Z node pexip Level="INFO" Name="x"`, `rfc5424 pri=1.6 at=2026-01-02T03:04:05Z host=node app=pexip | Level="INFO" Name="x"`)
	f(`1 2026-01-02T03:04:05Z node app - - - text`, `rfc5424 at=2026-01-02T03:04:05Z host=node app=app | text`)
	f(`<14>1 yesterday h a - - - text`, `none pri=1.6 | 1 yesterday h a - - - text`)
	f(`1 - what is this`, `none | 1 - what is this`)

	// RFC 3164.
	f(`<34>Oct 11 22:14:15 mymachine su: 'su root' failed`, `rfc3164 pri=4.2 at=2025-10-11T22:14:15Z host=mymachine app=su | 'su root' failed`)
	f(`<13>Feb  5 17:32:18 10.0.0.99 use the BFG!`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=10.0.0.99 | use the BFG!`)
	f(`<13>Feb 5 17:32:18 host app[99]: one blank before the day`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=host app=app pid=99 | one blank before the day`)
	f(`<13>Feb 05 17:32:18 host app[99] no colon`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=host app=app pid=99 | no colon`)
	f(`<13>Feb  5 17:32:18 app[99]: no host`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z app=app pid=99 | no host`)
	f(`<13>Feb  5 17:32:18 app: no host`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z app=app | no host`)
	f(`<13>Feb  5 17:32:18 postfix/smtpd[1]: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z app=postfix/smtpd pid=1 | x`)
	f(`<13>Feb  5 17:32:18 2001:db8::1 su: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=2001:db8::1 app=su | x`)
	f(`<13>Feb  5 17:32:18 fe80:: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=fe80:: | x`)
	f(`<13>Feb  5 17:32:18 "quoted" text`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z | "quoted" text`)
	f(`<13>Feb  5 2019 17:32:18 host app: year before the clock`, `rfc3164 pri=1.5 at=2019-02-05T17:32:18Z host=host app=app | year before the clock`)
	f(`<13>Feb  5 17:32:18 2019 host app: year after the clock`, `rfc3164 pri=1.5 at=2019-02-05T17:32:18Z host=host app=app | year after the clock`)
	f(`<13>2019 Feb  5 17:32:18 host app: year in front`, `rfc3164 pri=1.5 at=2019-02-05T17:32:18Z host=host app=app | year in front`)
	f(`<13>Feb  5 17:32:18.123 UTC host app: fraction and zone`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18.123Z host=host app=app | fraction and zone`)
	f(`<13>Feb  5 17:32:18 +09:00 host app: x`, `rfc3164 pri=1.5 at=2026-02-05T08:32:18Z host=host app=app | x`)
	f(`<189>Mar  1 18:46:11: %SYS-5-CONFIG_I: Configured`, `rfc3164 pri=23.5 at=2026-03-01T18:46:11Z app=%SYS-5-CONFIG_I | Configured`)
	f(`Feb  5 17:32:18 host app: no priority`, `rfc3164 at=2026-02-05T17:32:18Z host=host app=app | no priority`)
	f(`<13>Feb 30 17:32:18 host app: no such day`, `none pri=1.5 | Feb 30 17:32:18 host app: no such day`)
	f(`<13>Feb  5 25:32:18 host app: no such hour`, `none pri=1.5 | Feb  5 25:32:18 host app: no such hour`)
	f(`<13>Foo  5 17:32:18 host app: no such month`, `none pri=1.5 | Foo  5 17:32:18 host app: no such month`)
	f(`<30>2024-03-18T15:13:41+01:00 nas audit[7]: ISO time`, `iso pri=3.6 at=2024-03-18T14:13:41Z host=nas app=audit pid=7 | ISO time`)
	f(`<30>2024-03-18 15:13:41 nas audit: blank for T`, `iso pri=3.6 at=2024-03-18T15:13:41Z host=nas app=audit | blank for T`)
	f("<30>Mar 18 15:13:41 nas app: \xef\xbb\xbfmark", `rfc3164 pri=3.6 at=2026-03-18T15:13:41Z host=nas app=app | mark`)

	// Pexip's own.
	f(`2015-11-24T15:51:11.337+00:00 node1 2015-11-24 15:51:11,337 Level="INFO" Name="x"`,
		`iso at=2015-11-24T15:51:11.337Z host=node1 | 2015-11-24 15:51:11,337 Level="INFO" Name="x"`)
	f(`<134>2015-11-24T15:51:11.337+00:00 node1 2015-11-24 15:51:11,337 Level="INFO"`,
		`iso pri=16.6 at=2015-11-24T15:51:11.337Z host=node1 | 2015-11-24 15:51:11,337 Level="INFO"`)
	f(`<134>Nov 24 15:51:11 2015-11-24 15:51:11,337 Level="INFO"`, `rfc3164 pri=16.6 at=2025-11-24T15:51:11Z | 2015-11-24 15:51:11,337 Level="INFO"`)
	f(`<134>2015-11-24 15:51:11,337 Level="INFO"`, `none pri=16.6 | 2015-11-24 15:51:11,337 Level="INFO"`)
	f(`2015-11-24T15:51:11Z Level="INFO"`, `iso at=2015-11-24T15:51:11Z | Level="INFO"`)
	f(`Message="x"`, `none | Message="x"`)

	// Blanks and other things in front of the header.
	f(`<30> 2024-03-18T15:13:41Z nas app: x`, `iso pri=3.6 at=2024-03-18T15:13:41Z host=nas app=app | x`)
	f(`<30>  1 2024-03-18T15:13:41Z nas app - - - x`, `rfc5424 pri=3.6 at=2024-03-18T15:13:41Z host=nas app=app | x`)
	f("<30>\tMar 18 15:13:41 nas app: x", `rfc3164 pri=3.6 at=2026-03-18T15:13:41Z host=nas app=app | x`)
	f("\xef\xbb\xbf<30>Mar 18 15:13:41 nas app: x", `rfc3164 pri=3.6 at=2026-03-18T15:13:41Z host=nas app=app | x`)
	f("\n\x00 <30>Mar 18 15:13:41 nas app: x\r\n\x00", `rfc3164 pri=3.6 at=2026-03-18T15:13:41Z host=nas app=app | x`)
	f(`<999>Mar 18 15:13:41 nas app: x`, `rfc3164 at=2026-03-18T15:13:41Z before=<999> host=nas app=app | x`)
	f(`<192> 1 2024-03-18T15:13:41Z nas app - - - x`, `rfc5424 at=2024-03-18T15:13:41Z before=<192> host=nas app=app | x`)
	f(`<0191>Mar 18 15:13:41 nas app: x`, `rfc3164 at=2026-03-18T15:13:41Z before=<0191> host=nas app=app | x`)
	f(`<189>000123: Mar  1 18:46:11.402: %SYS-5-CONFIG_I: x`, `rfc3164 pri=23.5 at=2026-03-01T18:46:11.402Z before=000123:  app=%SYS-5-CONFIG_I | x`)
	f(`<189>123: *Mar  1 18:46:11.402 UTC: %SYS-5-CONFIG_I: x`, `rfc3164 pri=23.5 at=2026-03-01T18:46:11.402Z before=123: * app=%SYS-5-CONFIG_I | x`)
	f(`<189>.Mar  1 2026 18:46:11 CET: "x"`, `rfc3164 pri=23.5 at=2026-03-01T17:46:11Z before=. | "x"`)
	f(`<189>123: no time`, `none pri=23.5 | 123: no time`)
	f("2026-03-04 05:06:07\tLocal0.Info\t192.0.2.5\ttext\twith tabs", "iso pri=16.6 at=2026-03-04T05:06:07Z selector=Local0.Info host=192.0.2.5 | text\twith tabs")
	f(`<11>2026-03-04 05:06:07 Daemon.Warning 192.0.2.5 x`, `iso pri=1.3 at=2026-03-04T05:06:07Z selector=Daemon.Warning host=192.0.2.5 | x`)
	f(`Mar  4 05:06:07 local7.debug h x`, `rfc3164 pri=23.7 at=2026-03-04T05:06:07Z selector=local7.debug host=h | x`)
	f(`Mar  4 05:06:07 cn-1 daemon.err pexip: x`, `rfc3164 pri=3.3 at=2026-03-04T05:06:07Z selector=daemon.err host=cn-1 app=pexip | x`)
	f(`<11>Mar  4 05:06:07 cn-1 daemon.err pexip[7]: x`, `rfc3164 pri=1.3 at=2026-03-04T05:06:07Z selector=daemon.err host=cn-1 app=pexip pid=7 | x`)
	f(`Mar  4 05:06:07 192.0.2.5 user.notice x`, `rfc3164 pri=1.5 at=2026-03-04T05:06:07Z selector=user.notice host=192.0.2.5 | x`)
	f(`2026-03-04T05:06:07Z cn-1 local0.info 2026-03-04 05:06:07,402 Level="INFO"`, `iso pri=16.6 at=2026-03-04T05:06:07Z selector=local0.info host=cn-1 | 2026-03-04 05:06:07,402 Level="INFO"`)
	f(`Wed Mar  4 05:06:07 2026 daemon.err pexip[7]: x`, `rfc3164 pri=3.3 at=2026-03-04T05:06:07Z selector=daemon.err app=pexip pid=7 | x`)
	f(`Mar  4 05:06:07 <daemon.err> cn-1 pexip: x`, `rfc3164 pri=3.3 at=2026-03-04T05:06:07Z selector=<daemon.err> host=cn-1 app=pexip | x`)
	f(`Mar  4 05:06:07 - daemon.err pexip: x`, `rfc3164 pri=3.3 at=2026-03-04T05:06:07Z selector=daemon.err app=pexip | x`)
	f(`Mar  4 05:06:07 daemon.err daemon.err x`, `rfc3164 pri=3.3 at=2026-03-04T05:06:07Z selector=daemon.err host=daemon.err | x`)
	f(`Mar  4 05:06:07 cn-1 daemon.err: x`, `rfc3164 at=2026-03-04T05:06:07Z host=cn-1 app=daemon.err | x`)
	f(`Mar  4 05:06:07 cn-1 daemon.loud x`, `rfc3164 at=2026-03-04T05:06:07Z host=cn-1 | daemon.loud x`)
	f(`Mar  4 05:06:07 cn-1 x daemon.err`, `rfc3164 at=2026-03-04T05:06:07Z host=cn-1 | x daemon.err`)
	f(`Mar  4 05:06:07 local8.debug h x`, `rfc3164 at=2026-03-04T05:06:07Z host=local8.debug | h x`)

	// Zones, years and days of the week.
	for stamp, want := range map[string]string{
		`Mar  4 05:06:07 UTC`: `05:06:07Z`, `Mar  4 05:06:07 GMT`: `05:06:07Z`, `Mar  4 05:06:07 JST`: `2026-03-03T20:06:07Z`, `Mar  4 05:06:07 MEST`: `03:06:07Z`, `Mar  4 05:06:07.5 CEST`: `03:06:07.5Z`,
		`Mar  4 05:06:07 EDT`: `09:06:07Z`, `Mar  4 05:06:07 IST`: `2026-03-03T23:36:07Z`, `Mar  4 2026 05:06:07 JST`: `2026-03-03T20:06:07Z`, `Mar  4 05:06:07 JST 2026`: `2026-03-03T20:06:07Z`, `Mar  4 05:06:07 2026 JST`: `2026-03-03T20:06:07Z`,
		`2026 Mar  4 05:06:07 PST`: `13:06:07Z`, `Wed Mar  4 05:06:07 2026`: `05:06:07Z`, `Wed, Mar  4 05:06:07 UTC 2026`: `05:06:07Z`, `MAR 04 05:06:07`: `05:06:07Z`, `Mar  4 05:06:07 +0900`: `2026-03-03T20:06:07Z`, `Mar  4 05:06:07Z`: `05:06:07Z`,
		`2026-03-04T05:06:07 JST`: `2026-03-03T20:06:07Z`, `2026-03-04 05:06:07 +09:00`: `2026-03-03T20:06:07Z`, `2026-03-04 05:06:07.402 UTC`: `05:06:07.402Z`, `2026-03-04T05:06:07,402+01:00`: `04:06:07.402Z`,
	} {
		if len(want) < 15 {
			want = `2026-03-04T` + want
		}
		for _, behind := range []string{` h app: x`, `: h app: x`} {
			h := Parse([]byte(`<30>`+stamp+behind), observed)
			if got := h.Time.Format(time.RFC3339Nano); got != want || string(h.TimeText) != stamp || string(h.Host) != "h" || string(h.App) != "app" || string(h.Text) != "x" {
				t.Errorf("%s: %s, want %s", stamp+behind, show(h), want)
			}
		}
	}
	f(`Mar  4 05:06:07 XYZ app: no such zone`, `rfc3164 at=2026-03-04T05:06:07Z host=XYZ app=app | no such zone`)

	// Hosts as they are written.
	f(`<13>Feb  5 17:32:18 [2001:db8::5] app: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=[2001:db8::5] app=app | x`)
	f(`<13>1 2026-02-05T17:32:18Z [2001:db8::5] app - - [a b="c"] x`, `rfc5424 pri=1.5 at=2026-02-05T17:32:18Z host=[2001:db8::5] app=app data=[a b="c"] | x`)
	f(`<13>1 2026-02-05T17:32:18Z [a b="c"] x`, `rfc5424 pri=1.5 at=2026-02-05T17:32:18Z data=[a b="c"] | x`)
	f(`<13>Feb  5 17:32:18 ::ffff:192.0.2.5 app[7]: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=::ffff:192.0.2.5 app=app pid=7 | x`)
	f(`<13>Feb  5 17:32:18 cn-1/relay1/192.0.2.7 app: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=cn-1/relay1/192.0.2.7 app=app | x`)
	f(`<13>Feb  5 17:32:18 192.0.2.5:514 app: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z host=192.0.2.5:514 app=app | x`)
	f(`<13>Feb  5 17:32:18 - app: x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z app=app | x`)
	f(`<13>Feb  5 17:32:18 12345 x`, `rfc3164 pri=1.5 at=2026-02-05T17:32:18Z | 12345 x`)

	// Structured data with no blank behind it.
	f(`<0>1 - h a - - [a b="x"][c d="]"]text`, `rfc5424 pri=0.0 host=h app=a data=[a b="x"][c d="]"] | text`)
	f("<0>1 - h a - - [a b=\"x\"]\xef\xbb\xbftext", `rfc5424 pri=0.0 host=h app=a data=[a b="x"] | text`)
	f("<0>1 - h a - - -\xef\xbb\xbftext", `rfc5424 pri=0.0 host=h app=a | text`)
	f(`<0>1 - h a - - [error]text`, `rfc5424 pri=0.0 host=h app=a | [error]text`)
	f(`<0>1 - h a - - -2026-03-04 05:06:07,337 x`, `rfc5424 pri=0.0 host=h app=a | 2026-03-04 05:06:07,337 x`)

	// None of them.
	f(``, `none | `)
	f(`<`, `none | <`)
	f(`<>x`, `none | <>x`)
	f(`<192>x`, `none | <192>x`)
	f(`<0191>x`, `none | <0191>x`)
	f(`<13>`, `none pri=1.5 | `)
	f("free text\r\n", `none | free text`)
	f("with a NUL\x00", `none | with a NUL`)
}

// Around New Year a message belongs to the year next to it, not to the
// year in which it was received; a file of last winter, read in summer, to last
// winter.
func TestYear(t *testing.T) {
	f := func(stamp, observed, want string) {
		t.Helper()
		at, err := time.Parse(time.RFC3339, observed)
		if err != nil {
			t.Fatal(err)
		}
		h := Parse([]byte("<13>"+stamp+" h t: x"), at)
		if got := h.Time.Format(time.RFC3339); got != want {
			t.Errorf("%s received %s: got %s, want %s", stamp, observed, got, want)
		}
	}
	f("Dec 31 23:59:59", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z")
	f("Dec 31 23:59:59", "2026-01-01T09:00:01+09:00", "2025-12-31T23:59:59Z")
	f("Jan  1 00:00:01", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z")
	f("Jan  8 00:00:00", "2026-01-01T00:00:00Z", "2026-01-08T00:00:00Z")
	f("Jan  8 00:00:01", "2026-01-01T00:00:00Z", "2025-01-08T00:00:01Z")
	f("Nov 30 12:00:00", "2026-07-01T00:00:00Z", "2025-11-30T12:00:00Z")
	f("Jun 30 12:00:00", "2026-07-01T00:00:00Z", "2026-06-30T12:00:00Z")
	f("Feb 29 12:00:00", "2026-03-01T00:00:00Z", "2024-02-29T12:00:00Z")
	f("Feb 29 12:00:00", "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z")
	f("Feb 29 12:00:00", "1904-02-24T00:00:00Z", "1904-02-29T12:00:00Z")
	f("Feb 29 12:00:00", "1903-12-20T00:00:00Z", "1896-02-29T12:00:00Z")
}

func TestElements(t *testing.T) {
	var got []string
	data := []byte(`[a x="1" y="\"\]\\ \n"][b@9][c z=""]`)
	for e, rest, ok := NextElement(data); ok; e, rest, ok = NextElement(rest) {
		got = append(got, string(e.ID))
		for name, value, ok := e.Next(); ok; name, value, ok = e.Next() {
			got = append(got, fmt.Sprintf("%s=%s", name, AppendValue(nil, value)))
		}
	}
	want := []string{"a", "x=1", `y="]\ \n`, "b@9", "c", "z="}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Whatever comes in, no byte of it may be missing from the header's fields,
// apart from blanks and the signs that separate the fields.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`<165>1 2003-10-11T22:14:15.003Z mymachine evntslog - ID47 [exampleSDID@32473 iut="3"] An event`,
		`<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed`, `<13>2019 Feb  5 17:32:18.2 UTC host app: x`,
		`2015-11-24T15:51:11.337+00:00 node1 2015-11-24 15:51:11,337 Level="INFO" Name="x"`, "<13>\xef\xbb\xbfx", "1 2026-01-02T03:04:05Z - - - - [a]",
		`<999> 123: *Wed, Mar  4 05:06:07 MEST 2026: Local0.Info [::ffff:192.0.2.5]:514/relay app[1] x`, `<0>1 - [2001:db8::5] a - - [a b="x"]text`, "2026-03-04 05:06:07 -0800\tcron.err\t-\tapp: x",
		`Mar  4 05:06:07 cn-1 daemon.err pexip[7]: x`, `Mar  4 05:06:07 <daemon.err> cn-1 pexip: x`,
	} {
		f.Add([]byte(s))
	}
	observed := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, msg []byte) {
		before := bytes.Clone(msg)
		h := Parse(msg, observed)
		if !bytes.Equal(before, msg) {
			t.Fatal("the message was changed")
		}
		at := 0
		fields := [][]byte{h.Before, h.TimeText, h.Selector, h.Host, h.App, h.ProcID, h.MsgID, h.Data, h.Text}
		slices.SortStableFunc(fields, func(a, b []byte) int { return cap(b) - cap(a) }) // a selector may stand behind the host
		for _, field := range fields {
			if field == nil {
				continue
			}
			i := cap(msg) - cap(field) // where the field lies in the message
			if i < at {
				t.Fatalf("field %q begins at %d, before %d: %s", field, i, at, show(h))
			}
			checkGap(t, msg[at:i])
			at = i + len(field)
		}
		if h.Text != nil {
			checkGap(t, msg[at:])
		}
	})
}

func checkGap(t *testing.T, gap []byte) {
	t.Helper()
	gap = bytes.ReplaceAll(gap, []byte("\xef\xbb\xbf"), nil)
	if rest := bytes.Trim(gap, " 1234567890-[]:<>\t\x00\r\n"); len(rest) > 0 {
		t.Fatalf("lost: %q", gap)
	}
}

func BenchmarkParse(b *testing.B) {
	observed := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, msg := range map[string]string{
		"rfc5424": `<134>1 2026-07-01T15:51:11.337+00:00 node1 pexip - - - 2015-11-24 15:51:11,337 Level="INFO" Name="x"`,
		"rfc3164": `<134>Jul  1 15:51:11 node1 pexip: 2015-11-24 15:51:11,337 Level="INFO" Name="x"`,
		"pexip":   `2026-07-01T15:51:11.337+00:00 node1 2015-11-24 15:51:11,337 Level="INFO" Name="x"`,
	} {
		b.Run(name, func(b *testing.B) {
			text := []byte(msg)
			b.ReportAllocs()
			for b.Loop() {
				if h := Parse(text, observed); h.Host == nil {
					b.Fatal("no host")
				}
			}
		})
	}
}

func TestDays(t *testing.T) {
	for day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2500; day = day.AddDate(0, 0, 1) {
		d := date{day.Year(), int(day.Month()), day.Day()}
		if got := d.at(0); got != day {
			t.Fatalf("%v: %v", day, got)
		}
	}
	if got, want := (date{0, 1, 1}).at(86400e9+5), time.Date(0, 1, 1, 23, 59, 60, 5, time.UTC); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	leap := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
	if got, n := ParseTime([]byte("2016-12-31T23:59:60Z"), leap); got != leap || n != 20 {
		t.Errorf("a leap second is %v, %d bytes", got, n)
	}
	if got, n := ParseTime([]byte("2016-12-31T23:59:61Z"), leap); n != 0 {
		t.Errorf("second 61 is %v", got)
	}
}

// One system has one name, however it is written.
func TestSystemName(t *testing.T) {
	for word, want := range map[string]string{
		"cn-1": "cn-1", "cn-1.example.com": "cn-1.example.com", "CN_1": "CN_1", "192.0.2.5": "192.0.2.5", "2001:db8::5": "2001:db8::5",
		"[2001:db8::5]": "2001:db8::5", "[2001:db8::5]:514": "2001:db8::5", "192.0.2.5:514": "192.0.2.5", "cn-1:6514": "cn-1", "[192.0.2.5]": "192.0.2.5", "[192.0.2.5]:514": "192.0.2.5", "[192.0.2.5.4.210]": "192.0.2.5",
		"[192.0.2]": "", "[192.0.2.5.4]": "", "[a.b.c.d]": "", "[1.2.3.4.5.6.7]": "",
		"::ffff:192.0.2.5": "192.0.2.5", "::FFFF:192.0.2.5": "192.0.2.5", "[::ffff:192.0.2.5]": "192.0.2.5", "[::ffff:192.0.2.5]:514": "192.0.2.5", "::ffff:c000:205": "192.0.2.5", "0:0:0:0:0:ffff:192.0.2.5": "192.0.2.5",
		"2001:DB8::5": "2001:db8::5", "2001:db8:0:0:0:0:0:5": "2001:db8::5", "fe80::1%eth0": "fe80::1", "[fe80::1%eth0]": "fe80::1", "fe80::": "fe80::",
		"cn-1/relay1": "cn-1", "cn-1/relay1/relay2": "cn-1", "cn-1/[2001:db8::9]": "cn-1", "::ffff:192.0.2.5/relay": "192.0.2.5", "s_net@cn-1/relay": "cn-1", "cn-1/": "", "/relay": "", "cn-1//relay": "",
		"": "", "-": "", "...": "", "12345": "", "1772600767.402": "", "2026-03-04": "", "[": "", "[]": "", "[:]": "", ":": "", "::ffff:": "", "a:b:c": "", "a:b": "", "a=b": "", `a"b`: "", "a,b": "", "\xff": "", "cn-1:": "",
		strings.Repeat("a", 256): "",
	} {
		if got := string(SystemName([]byte(word))); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
		if got := HostLike([]byte(word)); got != (want != "") {
			t.Errorf("%q is like a host: %t", word, got)
		}
	}
}
