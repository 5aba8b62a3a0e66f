// Package strangers is files that are no generation of their log so far: what is
// remembered of them so that none is looked into for nothing, and what is shown of those
// that are left alone or cannot be read. The lock of that is inside.
package strangers
