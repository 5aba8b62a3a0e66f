package spool

// A Batch collects messages in their file form, so that many of them are
// written with one system call. Its memory is kept between uses: adding to a
// batch that has been used before allocates nothing. It is not safe for
// concurrent use.
type Batch struct {
	buf  []byte
	done int // bytes of buf that have reached a segment
	msgs int // messages in buf[done:]
}

// keepBatch is how much memory a batch keeps when it is reset. One that had to
// hold a single huge message gives it back.
const keepBatch = 256 << 10

// Add appends a message. The text is copied. Text beyond 16 MiB goes into
// further messages, each marked as cut.
func (b *Batch) Add(m Message) {
	for len(m.Text) > maxText {
		m.Cut = true
		head := m
		head.Text = m.Text[:maxText]
		b.add(&head)
		m.Text = m.Text[maxText:]
	}
	b.add(&m)
}

func (b *Batch) add(m *Message) {
	b.buf = appendEntry(b.buf, m)
	b.msgs++
}

// Len returns the number of messages that have not reached a segment: all of
// them at first, and after a failed Append those that are still to be written.
func (b *Batch) Len() int { return b.msgs }

// Size returns the number of bytes that those messages take in a segment.
func (b *Batch) Size() int { return len(b.buf) - b.done }

// Reset empties the batch.
func (b *Batch) Reset() {
	if cap(b.buf) > keepBatch {
		b.buf = nil
	}
	*b = Batch{buf: b.buf[:0]}
}

// Take hands the messages that have not reached a segment, in their file form,
// to f, which returns how many of the bytes it has taken. It is for sinks other
// than a Spool.
func (b *Batch) Take(f func(data []byte) (n int, err error)) error {
	n, err := f(b.rest())
	b.wrote(n)
	return err
}

// rest returns the bytes that are still to be written.
func (b *Batch) rest() []byte { return b.buf[b.done:] }

// wrote takes the entries that lie wholly within the first n bytes of rest off
// the batch. The bytes of an entry written in part have to be written again.
func (b *Batch) wrote(n int) {
	if n == b.Size() {
		b.done, b.msgs = len(b.buf), 0
		return
	}
	for {
		_, size, v := decodeEntry(b.rest())
		if v != whole || size > n {
			return
		}
		b.done += size
		b.msgs--
		n -= size
	}
}
