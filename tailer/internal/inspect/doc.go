// Package inspect finds out what compressed files hold: each is read once from its
// beginning to its end, a large one beside all else, and what decisions ask for is
// kept.
package inspect
