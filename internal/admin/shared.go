package admin

import "sync"

// A shared value is made for all who wait for it together: thirty requests at
// once cost no more than two. What one gets was made after it had asked.
type shared[T any] struct {
	mu   sync.Mutex
	next *making[T] // whose making has not begun

	work sync.Mutex // held while one is made
}

type making[T any] struct {
	done  chan struct{}
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
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	m.value = make()
	return m.value
}

func (s *shared[T]) join() (m *making[T], first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		return s.next, false
	}
	s.next = newMaking[T]()
	return s.next, true
}

func newMaking[T any]() *making[T] { return &making[T]{done: make(chan struct{})} }
