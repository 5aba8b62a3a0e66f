//go:build race

package pipeline

// inventedNames are how many hosts' names a test makes up: the race detector
// makes each of them ten times as dear.
const inventedNames = 30_000
