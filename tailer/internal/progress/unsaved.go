package progress

// touch notes that p has changed and is to be saved.
func (p *Progress) touch() {
	p.unsaved = true
	p.r.cfg.Changed(true)
}

// Touch notes that something of the generation has changed and is to be saved.
func (p *Progress) Touch() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.touch()
}

// TakeUnsaved says whether something has changed since it was called last, and is to
// be saved therefore.
func (p *Progress) TakeUnsaved() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	was := p.unsaved
	p.unsaved = false
	return was
}

// UnsavedHead returns how much is known of the head, and whether no checkpoint has
// it yet.
func (p *Progress) UnsavedHead() (n int, unsaved bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.print.HeadLen, p.saved < p.print.HeadLen
}

// SavedHead notes that a checkpoint has n bytes of the head.
func (p *Progress) SavedHead(n int) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.saved = n
}
