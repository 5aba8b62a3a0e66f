package progress

import (
	"bytes"
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// An unsettled consumer takes what it is offered, and that is all.
type unsettled struct{}

func (unsettled) Offer(context.Context, entry.Batch) (entry.Receipt, error) {
	return entry.ReceiptFunc(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }), nil
}

// Whatever of a generation is saved is listed when it changes, once, and so is each of
// whose beginning more is known; what is not saved lists nothing.
func TestChangesAreListed(t *testing.T) {
	long, short := bytes.Repeat([]byte("a line of this log\n"), 20), []byte("a line of this log\n")
	now := time.Now()
	at := file.MarkOf(long[:38], 38)
	stat := func(p *Progress, size int) file.Stat {
		st, err := p.src.Stat()
		if err != nil {
			t.Fatal(err)
		}
		st.Size = int64(size)
		return st
	}
	for _, test := range []struct {
		name           string
		text           []byte // what the file holds when it begins
		act            func(p *Progress)
		unsaved, grown bool
		log            bool
	}{
		{"nothing", short, func(*Progress) {}, false, false, false},
		{"looked at", short, func(p *Progress) { p.View(); p.Look(); p.UnsavedHead(); p.SavedHead(19) }, false, false, false},
		{"touched", short, func(p *Progress) { p.Touch() }, true, false, false},
		{"placed", short, func(p *Progress) { p.Place(Home{Log: p.log, Origin: p.origin}) }, true, false, false},
		{"introduced", short, func(p *Progress) { p.Introduce(long, len(long)) }, true, true, false},
		{"introduced with what is known", short, func(p *Progress) { p.Introduce(short, len(short)) }, true, false, false},
		{"introduced with another", short, func(p *Progress) { p.Introduce([]byte("else"), 4) }, false, false, false},
		{"grown without a name", short, func(p *Progress) { p.Refresh(long, int64(len(long))) }, true, true, false},
		{"the same without a name", short, func(p *Progress) { p.Refresh(short, int64(len(short))) }, false, false, false},
		{"a mark remembered", short, func(p *Progress) { p.Remember(at) }, true, false, false},
		{"a mark that there is", short, func(p *Progress) { p.print.Keep(at); p.Remember(at) }, false, false, false},
		{"cut short", long, func(p *Progress) { p.Confirm(stat(p, len(short)), short, p.r.tick) }, true, true, false},
		{"cut to nothing", long, func(p *Progress) { p.Confirm(stat(p, 0), nil, p.r.tick) }, true, true, false},
		{"found again", short, func(p *Progress) {
			src := p.src
			p.src = nil
			p.Assign(Found{Home: Home{Log: p.log, Origin: p.origin}, Src: src, Head: long, Stat: file.Stat{Size: int64(len(long))}}, now)
		}, true, true, false},
		{"compared", short, func(p *Progress) { p.Compared(at, long, false, int64(len(long))) }, true, true, false},
		{"measured", short, func(p *Progress) { p.Measured(at, true) }, true, false, false},
		{"restored", short, func(p *Progress) { p.Restore(Restored{}, now) }, true, true, false},
		{"rewound", short, func(p *Progress) { p.Rewind(reader.Position{}) }, true, false, false},
		{"a gap", short, func(p *Progress) { p.Gap(entry.Gap{Bytes: 1}) }, true, false, false},
		{"settled", short, func(p *Progress) { p.r.Feed(p.log, []*Progress{p}, now); synctest.Wait() }, true, false, true},
		{"read from the beginning", short, func(p *Progress) {
			p.print = file.Fingerprint{}
			p.r.Feed(p.log, []*Progress{p}, now)
			synctest.Wait()
		}, true, true, true},
		{"read, and not settled", short, func(p *Progress) {
			p.r.cfg.Next = unsettled{}
			p.r.Feed(p.log, []*Progress{p}, now)
			synctest.Wait()
		}, true, false, false},
		{"the log restored", short, func(p *Progress) { p.r.Restore(p.log, 5, now) }, false, false, true},
		{"the log restored as it is", short, func(p *Progress) { p.r.Restore(p.log, 0, time.Time{}) }, false, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newReaders(t, consumer(func(entry.Batch) {}))
				p := openLog(t, r, test.text)
				p.owner, p.log.owner = "it", "its log"
				if owners, _ := r.Unsaved(); !slices.Equal(owners, []any{"it"}) || !slices.Equal(r.Grown(), owners) {
					t.Errorf("what has begun is not to be saved, but %v", owners)
				}
				test.act(p)
				test.act(p) // is listed once
				owners, logs := r.Unsaved()
				grown := r.Grown()
				for _, list := range []struct {
					what  string
					list  []any
					owner any
					is    bool
				}{{"unsaved", owners, "it", test.unsaved}, {"grown", grown, "it", test.grown}, {"unsaved logs", logs, "its log", test.log}} {
					want := []any{list.owner}
					if !list.is {
						want = nil
					}
					if !slices.Equal(list.list, want) {
						t.Errorf("%s: %v, want %v", list.what, list.list, want)
					}
				}
				if owners, logs := r.Unsaved(); len(owners)+len(logs)+len(r.Grown()) > 0 {
					t.Error("what was taken is listed still")
				}
				p.Touch()
				p.headed()
				r.Restore(p.log, 77, now)
				if owners, logs := r.Unsaved(); len(owners) != 1 || len(logs) != 1 || len(r.Grown()) != 1 {
					t.Errorf("what changes once more is listed as %v and %v", owners, logs)
				}
			})
		})
	}
}

// What a checkpoint has of a head that was cut off since does not tell the file any more.
func TestShorterHeadIsSavedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		long := bytes.Repeat([]byte("a line of this log\n"), 20)
		p := openLog(t, newReaders(t, consumer(func(entry.Batch) {})), long)
		if n, unsaved := p.UnsavedHead(); unsaved || n != len(long) {
			t.Fatalf("%d bytes are known, unsaved %v", n, unsaved)
		}
		p.Confirm(file.Stat{Size: 190}, long[:190], p.r.tick)
		p.SavedHead(len(long)) // by a checkpoint that was under way
		if n, unsaved := p.UnsavedHead(); !unsaved || n != 190 {
			t.Errorf("%d bytes are known, unsaved %v", n, unsaved)
		}
		if p.SavedHead(190); !p.View().Known {
			t.Error("it is not known when it is saved")
		}
	})
}

// What a read found since the file was seen at rest is not complete for that.
func TestCompleteIsWhatWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := openLog(t, newReaders(t, consumer(func(entry.Batch) {})), []byte("half a line"))
		p.size = 15
		if p.Complete(11); p.flush == 15 {
			t.Error("what nobody has seen at rest is complete")
		}
		if p.Complete(15); p.flush != 15 {
			t.Error("what is at rest is not complete")
		}
	})
}
