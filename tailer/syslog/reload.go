package syslog

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
)

// Reload replaces the configuration. Listeners whose address is in both stay
// open, and so do their connections, unless the peer is not allowed any more;
// limits, allow-list and certificates hold from now on. With an error, which
// names every fault, nothing has changed.
func (s *Server) Reload(cfg Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("reload syslog: server is closed")
	}
	cfg = cfg.withDefaults()
	endpoints, err := parseAll(cfg.Listen)
	if err != nil {
		return err
	}
	next := &settings{Config: cfg, allow: newAllowList(cfg.Allow)}
	if slices.ContainsFunc(endpoints, func(e Endpoint) bool { return e.Scheme == "tls" }) {
		if next.certs, err = loadCerts(cfg.TLS, cfg.Logger); err != nil {
			return fmt.Errorf("configure TLS: %w", err)
		}
	}
	if err := s.exchange(endpoints, next); err != nil {
		return err
	}
	s.conns.enforce(next)
	return nil
}

// parseAll parses the addresses, of which none may be there twice.
func parseAll(addresses []string) ([]Endpoint, error) {
	var endpoints []Endpoint
	var errs []error
	for _, a := range addresses {
		e, err := ParseEndpoint(a)
		if err == nil && e.Address != "" && slices.Contains(endpoints, e) && !e.anyPort() {
			err = fmt.Errorf("listen address %q is there twice", a)
		}
		errs = append(errs, err)
		endpoints = append(endpoints, e)
	}
	return endpoints, errors.Join(errs...)
}

// exchange makes the listeners those of endpoints: it opens those that are
// new, then closes those that are gone. A new one may need the port of one
// that goes; then the order is the other way round, and if that fails too, the
// old one is opened again. The settings are put in force once nothing can fail
// any more, and before a new listener looks at them.
func (s *Server) exchange(endpoints []Endpoint, set *settings) error {
	gone := slices.Clone(s.listeners)
	next := make([]*listener, len(endpoints))
	for i, e := range endpoints {
		if j := slices.IndexFunc(gone, func(l *listener) bool { return l.endpoint == e }); j >= 0 {
			next[i] = gone[j]
			gone = slices.Delete(gone, j, j+1)
		}
	}
	opened, err := s.open(endpoints, next)
	var inTheWay []*listener
	if errors.Is(err, syscall.EADDRINUSE) {
		inTheWay = slices.DeleteFunc(slices.Clone(gone), func(l *listener) bool { return !l.inTheWay(endpoints, next) })
	}
	if len(inTheWay) > 0 {
		closeAll(inTheWay)
		var more []*listener
		more, err = s.open(endpoints, next)
		opened = append(opened, more...)
	}
	if err != nil {
		closeAll(opened)
		s.reopen(inTheWay)
		return err
	}
	s.settings.Store(set)
	closeAll(gone)
	for _, l := range opened {
		if s.serving {
			s.start(l)
		}
	}
	s.listeners = next
	return nil
}

// inTheWay says whether l has the port or path of an endpoint that has no
// listener in next.
func (l *listener) inTheWay(endpoints []Endpoint, next []*listener) bool {
	for i, e := range endpoints {
		same := e.Mode != 0 || l.endpoint.datagrams() == e.datagrams() // or port spaces of their own
		if next[i] == nil && same && l.place() == e.place() {
			return true
		}
	}
	return false
}

// place is what only one listener of a network can have: the port that l is
// bound to, or the path.
func (l *listener) place() string {
	return Endpoint{Address: l.addr().String(), Mode: l.endpoint.Mode}.place()
}

func (e Endpoint) place() string {
	if e.Mode != 0 {
		return e.Address
	}
	_, port, _ := net.SplitHostPort(e.Address) // ParseEndpoint has checked it
	return port
}

// closeAll closes listeners that go either way.
func closeAll(listeners []*listener) {
	for _, l := range listeners {
		_ = l.close() // its address is free all the same
	}
}

// open opens the endpoints that have no listener in next, and puts them there.
func (s *Server) open(endpoints []Endpoint, next []*listener) (opened []*listener, err error) {
	var errs []error
	for i, e := range endpoints {
		if next[i] != nil {
			continue
		}
		l, err := s.listen(e)
		if err != nil {
			errs = append(errs, fmt.Errorf("listen on %s: %w", e, err))
			continue
		}
		next[i] = l
		opened = append(opened, l)
	}
	return opened, errors.Join(errs...)
}

// reopen puts listeners back that were closed in vain. Their counts go on.
func (s *Server) reopen(gone []*listener) {
	for _, old := range gone {
		l, err := s.listen(old.endpoint)
		if err != nil {
			s.settings.Load().Logger.Error("cannot reopen a listener after a failed reload",
				"listen", old.endpoint.String(), "error", err)
			s.listeners = slices.DeleteFunc(s.listeners, func(o *listener) bool { return o == old })
			continue
		}
		l.counters = old.counters
		s.listeners[slices.Index(s.listeners, old)] = l
		if s.serving {
			s.start(l)
		}
	}
}
