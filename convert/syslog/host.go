package syslog

import (
	"bytes"
	"net/netip"
)

// HostLike reports whether b can be a host's name or address. A word in front
// of a message is taken for its host whenever it can be, as RFC 3164 has it.
func HostLike(b []byte) bool { return SystemName(b) != nil }

// SystemName returns the name or the address of the system that word stands for,
// where word is what a header has for its host; nil if it can be none. One system
// has one name however it was written: without brackets, port and zone, an IPv4
// address without ::ffff:, and of a chain of hosts, as syslog-ng makes it of those
// that passed a message on (origin/relay), the first. What is returned lies in
// word, unless an IPv6 address was not in the form of RFC 5952.
func SystemName(word []byte) []byte {
	if len(word) == 0 || len(word) > 255 {
		return nil
	}
	if i := bytes.IndexByte(word, '/'); i >= 0 {
		if !HostLike(word[i+1:]) {
			return nil
		}
		word = word[:i]
		word = word[bytes.IndexByte(word, '@')+1:] // the name of a source within syslog-ng
	}
	word = withoutPort(word)
	if bytes.IndexByte(word, ':') >= 0 {
		return address(word)
	}
	if i := bytes.IndexByte(word, '%'); i >= 0 {
		word = word[:i]
	}
	if !isName(word) {
		return nil
	}
	return word
}

// withoutPort takes the brackets off an address and the port off a host.
func withoutPort(word []byte) []byte {
	last := bytes.LastIndexByte(word, ':')
	port := last > 0 && last+1 < len(word) && len(word)-last <= 6 && last+1+digitsLen(word[last+1:]) == len(word)
	if len(word) > 0 && word[0] == '[' {
		if port && word[last-1] == ']' {
			word = word[:last]
		}
		if n := len(word); n > 2 && word[n-1] == ']' {
			if n := ipv4Len(word[1 : n-1]); n > 0 {
				return word[1 : n+1]
			}
			if bytes.IndexByte(word, ':') >= 0 {
				return word[1 : n-1]
			}
		}
		return word
	}
	if port && bytes.IndexByte(word, ':') == last {
		return word[:last]
	}
	return word
}

// ipv4Len is the length of the IPv4 address that b is made of, or 0. Old systems
// put the two halves of the port behind it: 192.0.2.5.4.210.
func ipv4Len(b []byte) (n int) {
	dots := 0
	for i, c := range b {
		switch {
		case c == '.':
			if dots++; dots == 4 {
				n = i
			}
		case !isDigit(c):
			return 0
		}
	}
	switch dots {
	case 3:
		return len(b)
	case 5:
		return n
	}
	return 0
}

// address is an IPv6 address as it is usually written; nil if word is none.
func address(word []byte) []byte {
	for _, c := range word {
		if c == '%' {
			break
		}
		if !isDigit(c) && c != ':' && c != '.' && (c|0x20 < 'a' || c|0x20 > 'f') {
			return nil // most words that are none are found out without a string
		}
	}
	addr, err := netip.ParseAddr(string(word))
	if err != nil {
		return nil
	}
	var buf [64]byte
	text := addr.Unmap().WithZone("").AppendTo(buf[:0])
	switch {
	case bytes.HasPrefix(word, text):
		return word[:len(text)] // but for its zone
	case bytes.HasSuffix(word, text):
		return word[len(word)-len(text):]
	}
	return bytes.Clone(text)
}

// isName reports whether word is made as names and IPv4 addresses are. A number
// is no name.
func isName(word []byte) bool {
	letters, dots := false, 0
	for _, c := range word {
		switch {
		case isLetter(c), c == '_':
			letters = true
		case c == '.':
			dots++
		case isDigit(c), c == '-':
		default:
			return false
		}
	}
	return (letters || dots == 3) && len(bytes.Trim(word, ".-_")) > 0
}
