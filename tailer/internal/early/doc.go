// Package early is since when a source is followed, and what was there then: how files
// ended of which it is not decided yet what they are. Its lock is inside.
package early
