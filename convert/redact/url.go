package redact

import "bytes"

// urlTells tells whether what follows a scheme's :// may hold a secret.
func urlTells(text []byte, start, end int) bool {
	if isMediaURL(text, start) {
		return true
	}
	from, to := userInfo(text, start, end)
	return isOpen(text, from, to)
}

// url masks what is secret in the URL whose scheme ends at start and whose host begins
// at end.
func (s *search) url(start, end int) {
	s.mask(userInfo(s.text, start, end))
	if isMediaURL(s.text, start) {
		s.mask(streamKey(s.text, end))
	}
}

// isMediaURL tells whether the scheme before i is one of RTMP's.
func isMediaURL(text []byte, i int) bool {
	s := letters.start(text, max(0, i-6), i)
	return i-s >= 4 && sameWord(text[s:s+4], "rtmp")
}

// userInfo finds what stands before the @ of a URL's host. The scheme's name
// ends at start and the host begins at i. Of a SIP address, whose user is no
// secret, it is the password.
func userInfo(text []byte, start, i int) (from, to int) {
	to = userEnds.find(text[:min(len(text), i+maxUserInfo)], i)
	if n := bytes.Index(text[i:to], []byte("%40")); n >= 0 && text[start] == '%' {
		to = i + n
	} else if !at(text, to, "@") {
		return 0, 0
	}
	if !namesUser(text, start) {
		return i, to
	}
	return password(text, i, to)
}

// password is what stands behind the colon of a user's name and password.
func password(text []byte, i, to int) (from, end int) {
	colon := bytes.IndexByte(text[i:to], ':')
	if colon < 0 {
		return 0, 0
	}
	return i + colon + 1, to
}

const maxUserInfo = 4 << 10

// namesUser tells whether the scheme before i is one in whose URLs a user's name alone is no secret.
func namesUser(text []byte, i int) bool {
	s := letters.start(text, max(0, i-8), i)
	return oneOf(text[s:i], userSchemes)
}

var userSchemes = []string{"sip", "sips", "h323", "xmpp", "ssh", "mailto", "sftp", "tel"}

var (
	sipEnds  = classOf("@/?#\"'\\<>,|{}()[]`^", controls)
	userEnds = classOf(";", sipEnds)
)

// streamKey finds the last segment of an RTMP URL's path and its query, which
// are what lets one stream.
func streamKey(text []byte, i int) (from, to int) {
	end := i
	for end < len(text) {
		c, n := sign(text, end)
		if streamEnds[c] {
			break
		}
		end += n
	}
	path, slash, query := end, -1, -1
	for j := i; j < end; {
		c, n := sign(text, j)
		if c == '?' || c == '#' {
			path, query = j, j
			break
		}
		if c == '/' && (slash < 0 || hasMore(text, j+n, end)) {
			slash = j + n
		}
		j += n
	}
	switch {
	case slash >= 0 && slash < path:
		return slash, end
	case query >= 0:
		return query + 1, end
	}
	return 0, 0
}

// streamEnds are the signs that are in no such URL.
var streamEnds = classOf("\"'<>,)]}\\", controls)

// hasMore tells whether anything but a slash is left of a path.
func hasMore(text []byte, i, end int) bool {
	c, n := sign(text, i)
	return i < end && n > 0 && c != '?' && c != '#' && (c != '/' || i+n < end)
}

// sipPassword finds the password in sip:user:password@host.
func sipPassword(text []byte, _, i int) (from, to int) {
	to = sipEnds.find(text[:min(len(text), i+maxSIPUser)], i)
	if !at(text, to, "@") {
		return 0, 0
	}
	return password(text, i, to)
}

const maxSIPUser = 256

// dsnTells tells whether there is a password before the host whose port begins at start.
func dsnTells(text []byte, start, end int) bool {
	if text[start] == ':' && end < len(text) && isDigit(text[end]) {
		return false
	}
	_, from, to := dsnPassword(text, start)
	return isOpen(text, from, to)
}

// dsn masks the password before the host whose port is text[i:end].
func (s *search) dsn(i, end int) {
	start, from, to := dsnPassword(s.text, i)
	s.start = start
	s.add(span{from: from, to: to, told: end})
}

// dsnPassword finds the password in user:password@host:port, the name of a data source
// without a scheme. Without one of the ports of data bases it could be anything.
// i is where the host ends, and start is where the user begins.
func dsnPassword(text []byte, i int) (start, from, to int) {
	at, low := i, max(0, i-maxUserInfo)
	if text[i] == ':' {
		at = inHost.start(text, low, i) - 1
	}
	if at < low || text[at] != '@' {
		return 0, 0, 0
	}
	start = at
	for start > low && !dsnEnds[text[start-1]] {
		start--
	}
	if bytes.Contains(text[start:at], []byte("//")) {
		return 0, 0, 0 // a URL
	}
	from, to = password(text, start, at)
	return start, from, to
}

var inHost = classOf(".:[]", wordBytes)

var dsnEnds = classOf("\"'`<>,;(){}|", controls)
