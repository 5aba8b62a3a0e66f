package exporter

import (
	"context"
	"errors"
	"strings"
	"sync"
)

// ErrRefused is wrapped by errors of Config.Deliver that say: do not offer these
// records again.
var ErrRefused = errors.New("refused for good")

// The codes of answers within the process, as Status counts them.
const (
	CodeRefused = "REFUSED" // with ErrRefused
	CodeFailed  = "FAILED"  // any other error
)

// A localClient hands requests to a function, in the place of a network.
type localClient struct {
	deliver func(ctx context.Context, request []byte) error
	buffers sync.Pool // of *[]byte
}

// maxLocalBuffer is the size up to which a buffer is kept for the next request.
const maxLocalBuffer = 8 << 20

func (c *localClient) send(ctx context.Context, p *payload) answer {
	buf, ok := c.buffers.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	request := (*buf)[:0]
	for _, s := range p.segments {
		request = append(request, p.bytes(s)...)
	}
	err := c.deliver(ctx, request)
	if cap(request) <= maxLocalBuffer {
		*buf = request
		c.buffers.Put(buf)
	}
	return classifyLocal(err)
}

// classifyLocal says what the function's answer means. Whoever stands behind it
// has been told of ErrRefused, so such an answer is believed at once: it is not
// the first word of a stranger.
func classifyLocal(err error) answer {
	switch {
	case err == nil:
		return answer{verdict: accepted, code: "OK"}
	case errors.Is(err, ErrRefused):
		return answer{verdict: final, code: CodeRefused, message: clip(strings.ToValidUTF8(err.Error(), "?"))}
	}
	return answer{verdict: again, code: CodeFailed, message: clip(strings.ToValidUTF8(err.Error(), "?"))}
}

func (c *localClient) watch(context.Context, func()) {}

func (c *localClient) close() error { return nil }
