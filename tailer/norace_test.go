//go:build !race

package tailer

// megabytes of an archive that is unpacked in a test.
const megabytes = 200
