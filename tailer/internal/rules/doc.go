// Package rules says which files there are and whose they are, by what they are
// called and where they lie: from the rules of a source and its directories to
// names, logs and links. What is in a file, and what is known of it, plays no part.
package rules
