// Package small is directories of many small files that are written once: one that is
// settled lies on a shelf and costs a few bytes, and what changes after all comes back
// from there. Its lock is inside.
package small
