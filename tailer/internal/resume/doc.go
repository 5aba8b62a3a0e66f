// Package resume turns what is known into what is saved, and back: what a restart goes
// on from. What it takes out of the index it takes in Index.Do.
package resume
