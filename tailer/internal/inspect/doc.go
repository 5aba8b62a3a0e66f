// Package inspect finds out what files hold of which nothing is known: how they begin,
// and all of a compressed one, which is read once from its beginning to its end, a large
// one beside all else. What decisions ask for is kept.
package inspect
