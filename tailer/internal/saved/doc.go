// Package saved keeps on disk what is settled of each file and what the file is
// known by. What is written replaces what was there in one piece or is appended,
// so that a process killed at any moment finds one or the other whole.
package saved
