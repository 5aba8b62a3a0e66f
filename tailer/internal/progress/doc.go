// Package progress is how far each generation is: what was read of it, handed on and
// settled. Readers and answers touch only this. Its one lock is inside, is held while
// nothing is read or opened, and nobody else can take it.
package progress
