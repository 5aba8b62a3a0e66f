package record

import (
	"math/bits"
	"testing"
)

func uid(gen [16]byte, ms uint64, offset int64, part int) string {
	var b [uidSize]byte
	putUID(&b, uidSeed(gen), ms, offset, part)
	return string(b[:])
}

// The example of the ULID specification: 128 bits and their text.
func TestULIDText(t *testing.T) {
	for _, c := range []struct {
		high, low uint64
		want      string
	}{
		{0, 0, "00000000000000000000000000"},
		{^uint64(0), ^uint64(0), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
		{1, 0, "0000000000000G000000000000"},
		{0, 1, "00000000000000000000000001"},
		{0, 1 << 63, "00000000000008000000000000"},
		{1469918176385 << 16, 0, "01ARYZ6S410000000000000000"},
	} {
		var b [uidSize]byte
		putULID(&b, c.high, c.low)
		if string(b[:]) != c.want {
			t.Errorf("%x %x: %s, want %s", c.high, c.low, b, c.want)
		}
	}
}

// A uid never changes: what an older version sent must be the same when a
// newer one sends it again.
func TestUIDIsFixed(t *testing.T) {
	gen := [16]byte{0: 1, 7: 0xfe, 8: 0x33, 15: 0x80}
	for _, c := range []struct {
		offset int64
		part   int
		want   string
	}{
		{0, 0, "01ARYZ6S41JMR4PYDTSGWZ8F1G"},
		{1 << 40, 3, "01ARYZ6S41FKM91AAPDBF5JP0N"},
	} {
		if got := uid(gen, 1469918176385, c.offset, c.part); got != c.want {
			t.Errorf("offset %d, part %d: %s, want %s", c.offset, c.part, got, c.want)
		}
	}
}

// No two records of a generation share their 80 bits, nor do equal places of
// different generations.
func TestUIDsDiffer(t *testing.T) {
	seen := make(map[string]bool)
	n := 0
	for _, gen := range [][16]byte{{}, {1}, {15: 1}, {8: 1}, {7: 128}} {
		for offset := range int64(5000) {
			for part := range 3 {
				seen[uid(gen, 1, offset*offset*offset, part)[10:]] = true
				n++
			}
		}
	}
	if len(seen) != n {
		t.Errorf("%d uids of %d records", len(seen), n)
	}
}

// Each bit of the input changes about half of the 80 bits.
func TestMixAvalanche(t *testing.T) {
	for bit := range 64 {
		sum := 0
		for i := range uint64(200) {
			x := i * 0x9e3779b97f4a7c15
			sum += bits.OnesCount64(mix(x) ^ mix(x^1<<bit))
		}
		if avg := float64(sum) / 200; avg < 28 || avg > 36 {
			t.Errorf("bit %d changes %.1f bits of 64", bit, avg)
		}
	}
}

func BenchmarkUID(b *testing.B) {
	seed, offset := uidSeed([16]byte{1, 2, 3}), int64(0)
	var dst [uidSize]byte
	b.ReportAllocs()
	for b.Loop() {
		offset += 336
		putUID(&dst, seed, 1469918176385, offset, 0)
	}
}
