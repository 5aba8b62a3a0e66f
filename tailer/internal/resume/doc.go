// Package resume turns what is known into what is saved, and back: what a restart goes
// on from. It takes snapshots out of the index and gives it values; what it keeps itself
// has a lock of its own.
package resume
