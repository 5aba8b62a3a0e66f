// Package corpus makes the log lines that every contender reads: invented
// values in the shapes of the real logs, the same ones on every machine.
//
// A line carries its own number in its timestamp. Line i is stamped
// Base + i·Step plus less than a Step, so that a receiver tells from a
// record's time alone which line it came from, that none is missing and that
// none came twice.
package corpus

import (
	"math/rand/v2"
	"time"
)

// Step is the distance between the timestamps of two lines that follow each
// other. Pexip writes milliseconds, so it can be no smaller.
const Step = time.Millisecond

// Base is the time of line 0. It lies far from today, so that records which a
// program writes about itself are never taken for lines.
var Base = time.Date(2016, 3, 1, 0, 0, 0, 0, time.UTC)

// Shift is taken off the clock when a line is stamped with the time at which
// it is written, for the same reason.
const Shift = 10 * 365 * 24 * time.Hour

// base32 is the alphabet of Sora's identifiers.
const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// A Maker makes lines. Two Makers with the same seed make the same lines.
// A Maker may not be used from two goroutines at once.
type Maker struct {
	rnd      *rand.Rand
	channels []string
	node     string // a log directory is that of one node
	systems  []string
	people   []string
}

// NewMaker returns a Maker of the lines that belong to seed.
func NewMaker(seed uint64) *Maker {
	m := &Maker{node: "sora@10.32.7.4", rnd: rand.New(rand.NewPCG(seed, 0x5eed))}
	for range 400 {
		m.channels = append(m.channels, pick(m.rnd, channelStems)+"-"+string(m.appendID(nil, 5+m.rnd.IntN(12))))
	}
	for i := range 6 {
		m.systems = append(m.systems, "confnode-osl-0"+string(byte('1'+i)))
	}
	for range 300 {
		m.people = append(m.people, pick(m.rnd, givenNames)+" "+pick(m.rnd, familyNames))
	}
	return m
}

// Stamp returns the timestamp of line i.
func (m *Maker) Stamp(i int64) time.Time {
	return Base.Add(time.Duration(i)*Step + time.Duration(m.rnd.IntN(1000))*time.Microsecond)
}

// appendID appends an identifier of n characters as Sora draws them.
func (m *Maker) appendID(dst []byte, n int) []byte {
	for n > 0 {
		bits := m.rnd.Uint64()
		for range min(n, 12) {
			dst = append(dst, base32[bits&31])
			bits >>= 5
			n--
		}
	}
	return dst
}

func pick(rnd *rand.Rand, from []string) string { return from[rnd.IntN(len(from))] }
