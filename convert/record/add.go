package record

// Add adds n to c.
func (c *Counts) Add(n *Counts) {
	c.Entries += n.Entries
	c.Empty += n.Empty
	c.Records += n.Records
	c.Parts += n.Parts
	c.Redacted += n.Redacted
	c.Unresourced += n.Unresourced
	c.InvalidUTF8 += n.InvalidUTF8
	c.Severe += n.Severe
	for _, d := range n.Dropped {
		c.Drop(d.Rule, d.Entries)
	}
	for i, v := range n.ParseErrors {
		c.ParseErrors[i] += v
	}
	for i, v := range n.Beyond {
		c.Beyond[i] += v
	}
	c.Spans += n.Spans
	c.Backward += n.Backward
	for i, v := range n.Spanless {
		c.Spanless[i] += v
	}
	addEvents(&c.SoraEvents, n.SoraEvents)
	addEvents(&c.PexipEvents, n.PexipEvents)
}

func addEvents(sum *[]int, n []int) {
	extend(sum, len(n))
	for i, v := range n {
		(*sum)[i] += v
	}
}
