package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
)

// legacySlots takes off ` [channel/connection/role]`. A channel may hold any
// character, so the slots are known by the other two, read from the right.
func (r *Reader) legacySlots(s []byte) []byte {
	if len(s) < 2 || s[0] != ' ' || s[1] != '[' {
		return s
	}
	conn, role, end := findSlots(s)
	if end == 0 {
		return s
	}
	slot(r, keyChannelID, s[2:conn-1])
	slot(r, keyShortID, s[conn:role-1])
	slot(r, keyRole, s[role:end-1])
	return s[end:]
}

// slot adds an attribute unless the slot is marked as empty.
func slot(r *Reader, k otlp.Key, v []byte) {
	if string(v) != "-" {
		r.b.Attr(k, v)
	}
}

// findSlots finds where the connection and the role begin and where the
// bracket behind them ends. Of several places that fit, the first is taken
// after which the line goes on as such a line does.
func findSlots(s []byte) (conn, role, end int) {
	for i := 2; i < len(s); i++ {
		n := bytes.IndexByte(s[i:], ']')
		if n < 0 {
			break
		}
		i += n
		c, ro := slotsBefore(s[:i])
		if c == 0 {
			continue
		}
		if goesOn(s[i+1:]) {
			return c, ro, i + 1
		}
		if end == 0 {
			conn, role, end = c, ro, i+1
		}
	}
	if end > 0 && end < len(s) && s[end] != ' ' {
		return 0, 0, 0
	}
	return conn, role, end
}

// slotsBefore finds /connection/role at the end of s. Both are short, and no
// more is looked at: a line may have any number of brackets.
func slotsBefore(s []byte) (conn, role int) {
	role = slashBefore(s, maxRole)
	if role < 4 || !isRole(s[role:]) {
		return 0, 0
	}
	conn = slashBefore(s[:role-1], shortID)
	if conn < 3 || !isShortID(s[conn:role-1]) {
		return 0, 0
	}
	return conn, role
}

// slashBefore is what follows the last slash of s, with at most n bytes behind it,
// or 0.
func slashBefore(s []byte, n int) int {
	from := max(0, len(s)-n-1)
	i := bytes.LastIndexByte(s[from:], '/')
	if i < 0 {
		return 0
	}
	return from + i + 1
}

const (
	maxRole = 16
	shortID = 8
)

func isRole(s []byte) bool {
	return len(s) <= maxRole && (string(s) == "-" || isLower(s))
}

func isShortID(s []byte) bool {
	if string(s) == "-" {
		return true
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(s) == shortID
}

// goesOn tells whether s is what follows the slots: nothing, options, a pid,
// or a code.
func goesOn(s []byte) bool {
	if len(s) == 0 {
		return true
	}
	if s[0] != ' ' || len(s) < 2 {
		return false
	}
	if opts, ok := bracketed(s); ok {
		_, ok = optionsIn(opts)
		return ok
	}
	if pidLength(s[1:]) > 0 {
		return true
	}
	code, _, _ := bytes.Cut(s[1:], []byte(" "))
	return isCode(code)
}
