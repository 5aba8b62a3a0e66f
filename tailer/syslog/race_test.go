//go:build race

package syslog

// raceEnabled says that memory and time are not what they would be.
const raceEnabled = true
