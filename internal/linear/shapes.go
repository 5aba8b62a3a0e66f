package linear

import (
	"bytes"
	"strconv"
	"strings"
)

// A Shape is a text that some reader may have trouble with, of any length.
type Shape struct {
	Name string
	Make func(n int) []byte
}

// repeat is unit again and again.
func repeat(unit string) Shape {
	return Shape{unit, func(n int) []byte { return bytes.Repeat([]byte(unit), max(1, n/len(unit))) }}
}

// after is unit again and again behind begin.
func after(begin, unit string) Shape {
	return Shape{begin + "+" + unit, func(n int) []byte { return append([]byte(begin), repeat(unit).Make(n)...) }}
}

// before is unit again and again in front of end.
func before(unit, end string) Shape {
	return Shape{unit + "+" + end, func(n int) []byte { return append(repeat(unit).Make(n), end...) }}
}

// halves is a again and again, and then b.
func halves(a, b string) Shape {
	return Shape{a + "/" + b, func(n int) []byte { return append(repeat(a).Make(n/2), repeat(b).Make(n/2)...) }}
}

// lines is lines of unit again and again, each longer than the one before.
func lines(unit string) Shape {
	return Shape{unit + " in lines", func(n int) []byte {
		var b []byte
		for k := 1; len(b) < n; k += 1 + k/4 {
			b = append(append(b, strings.Repeat(unit, k)...), '\n')
		}
		return b
	}}
}

// numbered is unit again and again, with a number that is never the same: whoever
// remembers what came before remembers all of them.
func numbered(unit string) Shape {
	return Shape{unit + " numbered", func(n int) []byte {
		b := make([]byte, 0, n+len(unit)+20)
		for i := 0; len(b) < n; i++ {
			b = append(b, strings.ReplaceAll(unit, "#", strconv.Itoa(i))...)
		}
		return b
	}}
}

// Numbered are the units of shapes in which # is a number.
var Numbered = []string{
	`"k#":1,`, `"k#":{"a":1},`, `{"k#":`, `k#="v" `, `k#=v `, `k#=v,`, `{k#,v},`, "#{k#=>v},", `<<"k#">>,`, "[s/k#/c] ", "[s#,m#] ", "<0.#.0> ", "X-H#: v^M", "Stream # (video)^M RX: rate #kbps^M",
	`[i# a="#"]`, "<13>k# ", "# <13>x", "=K# REPORT==== a\n", "in function k#/1 (f, line #)\n", `"password#":"x",`, "token#=x ", "https://u#:p#@h/ ", "k#.", `\u00# `, "eyJ#.", "ABC-DEF-# | k#=v ", "#", "msg=audit(#.0:#): ", "A#: B#\n",
}

// Units are what the shapes are made of: words that announce something, signs
// that open, close, escape or part, in the forms of all logs that are read.
var Units = []string{
	" ", "\t", "\n", "\r\n", "\x00", "a", "A", "0", "7", ".", "-", ":", ",", ";", "=", "/", "|", "\\", `"`, "'", "`", "<", ">", "&", "%", "@", "#", "$", "!", "*",
	"[", "]", "{", "}", "(", ")", "[]", "{}", "()", "<>", "<<", ">>", "<<\"", "#{", "\\\\", `\"`, `\\"`, `\\\"`, `""`, "^", "^M", "^M^M", "\r", "\x1b", "\x1b[", "\x1b]", "\x1b[0m",
	"é", "\xff", "\xc3", "\xe2\x82", "\u00a0", "\xef\xbb\xbf", "\xf0\x9f\x92\xa9",
	"a=", "a =", "=a ", `a="`, `a="b" `, `a=b `, `a="b`, `"b" `, `"a":`, `"a":1,`, `{"a":`, `[1,`, `"\u0041`, `"\\`,
	"[a] ", "[a/b/c] ", "[a/ABCDEFGH/c] ", "[/-/a]", "/-/a]", " [sim,multi]", " <0.9.2>", "<0.1.2>", "ABC-DEF ", "ABC-DEF | a=b ", " | ", "reason=", "reason={a,[", "sim,",
	`Pin="1" `, `pin=1 `, "pin: 1 ", `"pin":`, `password="`, "password=", "password: ", `\"password\":\"`, "token", "token=", "secret", "secret:", "credential=", "authorization: ", "Authorization: Basic ", "Digest ", "eyJ", "eyJhbGciOi.", "://", "http://a:", "a@", "crypto:1 inline:", "crypto:", "inline:", "digit=",
	`<<"a">>`, `<<"a">>,`, "#{a=>", "{a,", "[{a,b},", "$\\", "'a", "=>", "<<1,2,", "0x1F,",
	"=ERROR REPORT", "=ERROR REPORT==== ", " REPORT", "=A REPORT", "A ", "AB", "=====", "===== ", "===== ALIVE ", "2015-12-03 21:22:31 =CRASH REPORT====\n", "exception error: a\n", "in function a\n", "     a\n", "Reason: a\n", "neighbours:", "Generic server ", "=proc:", "Slogan: ",
	"<134>", "<134>1 ", "<13>May  6 08:00:00 a b: ", "2026-05-06T08:08:09.337+00:00 a ", "2026-05-06 08:08:09,337 ", "2022-06-07T02:25:48.479789Z [error] ", "[a b=\"c\"]", `[a b="`, `b="\]`, "12 <134>", "1 a", "9999999 ", "99 2026-05-06T",
	`Level="INFO" Name="a" Message="b" `, `Detail="`, `Detail="a^M" `, "Stream 0 (audio)^M  RX: rate ", "RX: ", "rate ", "rate 1kbps ", "codec ", "resolution ", "SIP/2.0 200 OK^M", "Call-ID: a^M", "INVITE sip:a SIP/2.0^M", "b'\\r\\n", "h323_message_body:", "msg=audit(", "\xe5RTs",
}

// Shapes are made of Units in all ways that are known to have hurt somebody.
func Shapes() (all []Shape) {
	for _, u := range Units {
		all = append(all, repeat(u))
	}
	for _, u := range Units {
		if len(u) > 1 || strings.ContainsAny(u, " 0a\"\\[{=/<^") {
			all = append(all, halves(" ", u), lines(u))
		}
	}
	for _, u := range Numbered {
		all = append(all, numbered(u))
	}
	for _, u := range []string{"{", "[", "(", "<<", "#{", `"`, `\"`, "'", `a="`, "[a/", "<", "\x1b]", `Detail="`, "=A", "{a,", "<134>1 - - - - - ["} {
		for _, v := range []string{" ", "a", "\\", `\"`, `"`, "=", "]", "/", ",", "^M", "a=b ", "a ", "0", "\n", "[a] ", "A "} {
			all = append(all, after(u, v), before(v, u))
		}
	}
	for _, p := range [][2]string{{"{", "}"}, {"[", "]"}, {"(", ")"}, {"<<", ">>"}, {`{"a":`, "}"}, {"#{a=>", "}"}, {"<", ">"}, {"\\", `"`}, {"a", "]"}, {"/", "]"}, {"=", `"`}, {"A ", " REPORT"}, {"a", "="}, {"0", " "}} {
		all = append(all, halves(p[0], p[1]))
	}
	return all
}

// Core is a few of the shapes, one or two of each kind, for readers that are
// walked in many ways.
func Core() (all []Shape) {
	for _, u := range []string{" ", "\n", "a", "0", `"`, "\\", `\"`, "^M", "\xff", "[a] ", `Pin="1" `, "a=", `a="b" `, `<<"`, "#{", "=ERROR REPORT", "[", "{", "password=", "/-/a]", "A "} {
		all = append(all, repeat(u), halves(" ", u))
	}
	for _, u := range []string{`"k#":1,`, `k#="v" `, "[s/k#/c] ", `<<"k#">>,`, "X-H#: v^M"} {
		all = append(all, numbered(u))
	}
	return all
}
