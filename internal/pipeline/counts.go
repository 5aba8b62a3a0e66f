package pipeline

import (
	"sync"

	"github.com/rtcship/rtcship/convert/record"
)

// counts adds up what conversion counted, per source and once a batch.
type counts struct {
	mu       sync.Mutex
	bySource map[string]*record.Counts
}

func (c *counts) add(source string, n *record.Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bySource == nil {
		c.bySource = map[string]*record.Counts{}
	}
	total := c.bySource[source]
	if total == nil {
		total = new(record.Counts)
		c.bySource[source] = total
	}
	total.Add(n)
}
