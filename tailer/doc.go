// Package tailer turns growing files into batches of entries, and forgets a
// batch only after its consumer has settled it.
//
// A file is known by its content, not by its path: a log that is rotated,
// copied or compressed stays the same generation. Positions are saved after
// the consumer's answer and never before, so a process killed at any moment
// reads again what was not acknowledged and nothing else.
package tailer
