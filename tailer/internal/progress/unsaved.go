package progress

// A checkpoint is made every second, of what has changed in it, and there may be a
// hundred thousand generations. So what has changed is listed when it changes.
type changes struct {
	unsaved     []*Progress // since Unsaved was called last, each once
	unsavedLogs []*Log
	grown       []*Progress // of which more of the head is known since Grown was called last, each once
}

// changed notes that p is to be saved, with the next checkpoint that there is.
func (p *Progress) changed() {
	if !p.listed.changed {
		p.listed.changed = true
		p.r.unsaved = append(p.r.unsaved, p)
	}
}

// touch notes that p has changed and is to be saved.
func (p *Progress) touch() {
	p.changed()
	p.r.cfg.Changed(true)
}

// Touch notes that something of the generation has changed and is to be saved.
func (p *Progress) Touch() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.touch()
}

// grow takes in the first bytes of the file, if they are more than is known.
func (p *Progress) grow(head []byte) {
	was := p.print.HeadLen
	if p.print.Grow(head); p.print.HeadLen != was {
		p.headed()
	}
}

// headed notes that another part of the head is known than was.
func (p *Progress) headed() {
	p.changed()
	if !p.listed.grown {
		p.listed.grown = true
		p.r.grown = append(p.r.grown, p)
	}
}

// Grown are the owners of those of whose beginning more is known since it was called last.
func (r *Readers) Grown() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	owners := make([]any, len(r.grown))
	for i, p := range r.grown {
		owners[i], p.listed.grown = p.owner, false
	}
	r.grown = nil
	return owners
}

// Unsaved are the owners of those, and of the logs, of which something has changed since
// it was called last, and that are to be saved therefore. What they are is to be asked
// after it: then nothing is missed.
func (r *Readers) Unsaved() (owners, logs []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.unsaved {
		p.listed.changed = false
		owners = append(owners, p.owner)
	}
	for _, l := range r.unsavedLogs {
		l.listed = false
		logs = append(logs, l.owner)
	}
	r.unsaved, r.unsavedLogs = nil, nil
	return owners, logs
}

// UnsavedHead returns how much is known of the head, and whether no checkpoint has
// it yet.
func (p *Progress) UnsavedHead() (n int, unsaved bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.print.HeadLen, p.saved < p.print.HeadLen
}

// SavedHead notes that a checkpoint has n bytes of the head, unless that has become
// shorter meanwhile.
func (p *Progress) SavedHead(n int) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if n <= p.print.HeadLen {
		p.saved = n
	}
}
