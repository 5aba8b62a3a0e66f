package admin

import (
	"sync"
	"time"
)

// mostRest bounds how long nothing is made after something was.
const mostRest = 200 * time.Millisecond

// staleness is how old a shared value may be that is given out under pressure.
const staleness = time.Second

// A shared value is made for all who wait for it together: thirty requests at
// once cost no more than two. Making takes at most half of the time, however often
// somebody asks. What one gets was made after it had asked, unless
// connections are being closed to make room for others: then one that was made
// within the last second does.
type shared[T any] struct {
	pressed func() bool // may be nil

	mu   sync.Mutex
	next *making[T] // whose making has not begun
	last *making[T] // that was made

	work   sync.Mutex // held while one is made
	rested time.Time  // when the next one may be made; with work
}

type making[T any] struct {
	done  chan struct{}
	begun time.Time
	value T
}

// get returns what make returns, or has returned to another that asked meanwhile.
func (s *shared[T]) get(make func() T) T {
	m, first := s.join()
	if !first {
		<-m.done
		return m.value
	}
	s.work.Lock()
	defer s.work.Unlock()
	defer close(m.done)
	time.Sleep(time.Until(s.rested)) // who asks meanwhile gets the same
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	m.begun = time.Now()
	m.value = make()
	s.rested = time.Now().Add(min(time.Since(m.begun), mostRest))
	s.mu.Lock()
	s.last = m
	s.mu.Unlock()
	return m.value
}

func (s *shared[T]) join() (m *making[T], first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && s.pressed != nil && s.pressed() && time.Since(s.last.begun) < staleness {
		return s.last, false
	}
	s.last = nil // which may be large
	if s.next != nil {
		return s.next, false
	}
	s.next = newMaking[T]()
	return s.next, true
}

func newMaking[T any]() *making[T] { return &making[T]{done: make(chan struct{})} }
