package admin

import (
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/pipeline"
)

const (
	historyWindow = 15 * time.Minute
	historyEvery  = 10 * time.Second
	historyPoints = int(historyWindow/historyEvery) + 1
)

// A moment is what the plots are made of: counters as they stood.
type moment struct {
	at       time.Time
	accepted int64 // records
	lag      int64 // bytes
	ok, bad  int64 // answers of the collector
}

// A history is the last quarter of an hour, in memory only. It is kept while
// somebody may ask for the page, and looked at when somebody does.
type history struct {
	mu      sync.Mutex
	moments []moment // oldest first, at most historyPoints
	stop    chan struct{}
}

// start samples until end is called; it does nothing if that goes on already.
func (h *history) start(status func() *pipeline.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stop != nil {
		return
	}
	stop := make(chan struct{})
	h.stop = stop
	go func() {
		tick := time.NewTicker(historyEvery)
		defer tick.Stop()
		for {
			h.add(momentOf(status()))
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
}

func (h *history) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stop != nil {
		close(h.stop)
		h.stop = nil
	}
}

func (h *history) add(m moment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.moments) == historyPoints {
		copy(h.moments, h.moments[1:])
		h.moments = h.moments[:historyPoints-1]
	}
	h.moments = append(h.moments, m)
}

// since are the moments of the window before now, and now's at the end.
func (h *history) since(now moment) (all []moment) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.moments {
		if now.at.Sub(m.at) <= historyWindow && m.at.Before(now.at) {
			all = append(all, m)
		}
	}
	return append(all, now)
}

func momentOf(s *pipeline.Status) moment {
	m := moment{at: s.Now}
	for l := range maps.Values(s.Ledger) {
		m.accepted += l.Accepted
	}
	for i := range s.Files {
		m.lag += max(0, s.Files[i].Lag)
	}
	if s.Export != nil {
		for code, n := range s.Export.Requests {
			if code == "OK" || strings.HasPrefix(code, "2") {
				m.ok += n
			} else {
				m.bad += n
			}
		}
	}
	return m
}
