// Package reader reads a piece of a file and cuts it into entries: from where it is
// told, in the memory that it is given, and without knowing what comes of it.
package reader
