// Package known is all that is known of files, over all logs and sources of the
// process: one index, by what the file system knows files by and by what they hold. It
// is asked before anything gets a new identity, and what is decided is noted here.
//
// The scheduler alone changes it, and may read it without the lock; whoever else asks
// gets copies. The lock is inside. Who has more to do while nothing changes does it in
// Index.Do.
package known
