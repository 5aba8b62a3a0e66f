// Package known is all that is known of files, over all logs and sources of the
// process: one index, by what the file system knows files by and by what they hold. It
// is asked before anything gets a new identity, and what is decided is noted here.
//
// The scheduler alone changes it, by saying what it has found, and may ask without the
// lock; whoever else asks gets copies. The lock is inside. What needs it is asked of a
// Locked, which Index.Do alone gives.
package known
