//go:build race

package tailer

// megabytes of an archive that is unpacked in a test: the race detector makes
// that ten times slower.
const megabytes = 30
