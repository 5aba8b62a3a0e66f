package exporter

// A pace is how many bytes may be sent at once while the collector takes less than
// there is; 0 = as many as there are. Halved each time a request finds no room, or
// takes long, and doubled when one is taken in good time: a collector that many
// senders wait for then has many small requests before it instead of a few large
// ones that time out, and come again, while they wait for each other.
type pace int

func (p pace) limit(most int) int {
	if p == 0 {
		return most
	}
	return min(int(p), most)
}

// adapt learns from the answer to a request of that many bytes.
func (e *Exporter) adapt(a answer, bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case a.overloaded(), a.verdict == accepted && a.latency >= e.cfg.Timeout/2:
		e.pace = pace(max(smallTrial, e.pace.limit(bytes)/2))
	case a.verdict == accepted && e.pace != 0 && bytes >= int(e.pace)/4 && a.latency < e.cfg.Timeout/4:
		if e.pace *= 2; int(e.pace) >= e.cfg.MaxRequest {
			e.pace = 0
		}
	}
}

// slowDown lets no more than these bytes go at once.
func (e *Exporter) slowDown(bytes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pace = pace(bytes)
}

// atOnce returns how many bytes may go at once.
func (e *Exporter) atOnce() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pace.limit(e.cfg.MaxRequest)
}
