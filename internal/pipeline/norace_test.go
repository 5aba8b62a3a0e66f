//go:build !race

package pipeline

// inventedNames are how many hosts' names a test makes up.
const inventedNames = 300_000
