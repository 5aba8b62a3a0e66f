package exporter

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// A headerSource gives the headers of each request.
type headerSource struct {
	fixed map[string]string
	path  string

	mu    sync.Mutex
	stamp fileStamp
	all   map[string]string // read-only once made
	prior map[string]string // what all was before the file changed
}

func newHeaders(fixed map[string]string, path string) (*headerSource, error) {
	h := &headerSource{fixed: map[string]string{}, path: path}
	for name, value := range fixed {
		if err := addHeader(h.fixed, name, value); err != nil {
			return nil, err
		}
	}
	h.all = h.fixed
	_, err := h.get()
	return h, err
}

// Headers returns a function that gives the headers of a request at the time, for
// other clients of the same collector: the fixed ones, and those of the file at
// path, if path is not empty, which is read again when it has changed. Names are in
// lower case, and the map is read-only. The function is safe for concurrent use.
func Headers(fixed map[string]string, path string) (func() (map[string]string, error), error) {
	h, err := newHeaders(fixed, path)
	if err != nil {
		return nil, err
	}
	return h.get, nil
}

// get returns all headers, names in lower case. The file is read again when it
// has changed; its headers win over the fixed ones.
func (h *headerSource) get() (map[string]string, error) {
	if h.path == "" {
		return h.fixed, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	stamp := stampOf(h.path)
	if stamp == h.stamp {
		return h.all, nil
	}
	content, err := smallfile.Read(h.path)
	if err != nil {
		return nil, fmt.Errorf("read headers file: %w", err)
	}
	all := maps.Clone(h.fixed)
	for i, line := range strings.Split(string(content), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("headers file %s, line %d: not of the form name: value", h.path, i+1)
		}
		if err := addHeader(all, name, value); err != nil {
			return nil, fmt.Errorf("headers file %s, line %d: %w", h.path, i+1, err)
		}
	}
	h.stamp, h.prior, h.all = stamp, h.all, all
	return all, nil
}

// recent returns the headers that an answer may be about.
func (h *headerSource) recent() []map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.prior == nil {
		return []map[string]string{h.all}
	}
	return []map[string]string{h.all, h.prior}
}

// addHeader checks a header. An error does not show the value, which may be a
// secret, nor what stands in the place of a name and cannot be one.
func addHeader(headers map[string]string, name, value string) error {
	name = strings.ToLower(strings.TrimSpace(name))
	value = strings.TrimSpace(value)
	if err := checkHeader(name, value); err != nil {
		return err
	}
	headers[name] = value
	return nil
}

// checkHeader says what is wrong with a header of Config.Headers: it must be
// possible over HTTP/1.1, HTTP/2 and gRPC alike, whose metadata allows ASCII
// only. Space around name and value is taken off before they are used and does no
// harm. The error quotes no value.
func checkHeader(name, value string) error {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || strings.HasPrefix(name, "grpc-") || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return errors.New("the name of a header is not a possible name: want letters, digits, '-', '_' and '.'")
	}
	for _, r := range strings.TrimSpace(value) {
		if r < ' ' || r > '~' {
			return fmt.Errorf("header %q: the value holds a character that a header cannot, such as a line break or a letter with an accent", name)
		}
	}
	return nil
}
