package record

import "encoding/binary"

// uidSize is the length of a ULID in text form.
const uidSize = 26

// uidSeed is the part of a uid's hash that is the same for a whole generation.
func uidSeed(generation [16]byte) [2]uint64 {
	return [2]uint64{
		mix(binary.LittleEndian.Uint64(generation[:8])),
		mix(binary.LittleEndian.Uint64(generation[8:]) + 0x9e3779b97f4a7c15),
	}
}

// mix is the finalizer of SplitMix64: one to one, and each bit of the input
// moves about half of the output.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// putUID writes the ULID (https://github.com/ulid/spec) of a record to dst: 48
// bits of time in milliseconds and 80 bits that depend on the generation, the
// entry's offset and the part, and on nothing else.
//
// Within a generation these 80 bits differ for any two records up to 2^48
// bytes and 2^16 parts, because offset and part fit one word and mix is one to
// one; between generations they are as good as random.
func putUID(dst *[uidSize]byte, seed [2]uint64, millis uint64, offset int64, part int) {
	low := mix(uint64(offset) ^ uint64(part)<<48 ^ seed[0])
	high := mix(low^seed[1]) >> 48
	putULID(dst, millis<<16|high, low)
}

// digitPairs are the numbers of 10 bits as two digits of Crockford's base 32.
var digitPairs = func() (pairs [1024][2]byte) {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	for i := range pairs {
		pairs[i] = [2]byte{digits[i>>5], digits[i&31]}
	}
	return pairs
}()

// putULID writes 128 bits as 26 characters of Crockford's base 32.
func putULID(dst *[uidSize]byte, high, low uint64) {
	put := func(i int, bits uint64) {
		pair := &digitPairs[bits&1023]
		dst[i], dst[i+1] = pair[0], pair[1]
	}
	put(24, low)
	put(22, low>>10)
	put(20, low>>20)
	put(18, low>>30)
	put(16, low>>40)
	put(14, low>>50)
	put(12, low>>60|high<<4)
	put(10, high>>6)
	put(8, high>>16)
	put(6, high>>26)
	put(4, high>>36)
	put(2, high>>46)
	put(0, high>>56)
}
