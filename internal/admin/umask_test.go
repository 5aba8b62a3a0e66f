package admin

import "syscall"

// withUmask calls f under another umask, which is the process's: no test that
// does so is parallel.
func withUmask(mask int, f func()) {
	defer syscall.Umask(syscall.Umask(mask))
	f()
}
