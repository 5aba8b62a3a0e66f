// Package file is what a file holds, compressed or not, and what it can be known
// by again: its fingerprint, and what its name says about rotation. It knows
// nothing of logs or positions.
package file
