package config

import (
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"
	"go.yaml.in/yaml/v3"
)

// A Size is a number of bytes, written as 65536, 64KiB or 64kB.
type Size int64

// UnmarshalYAML reads a number with or without a unit.
func (s *Size) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("want a size such as 64KiB or 1MiB")
	}
	return s.UnmarshalText([]byte(n.Value))
}

// UnmarshalText reads text as UnmarshalYAML does.
func (s *Size) UnmarshalText(text []byte) error {
	v, err := humanize.ParseBytes(string(text))
	if err != nil || v > math.MaxInt64 {
		return fmt.Errorf("%q is no size: write bytes or a unit, such as 64KiB or 1MiB", text)
	}
	*s = Size(v)
	return nil
}

// MarshalText writes the size the way it is read.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML writes the size the way it is read.
func (s Size) MarshalYAML() (any, error) { return s.String(), nil }

// String gives the size in the largest binary unit that holds it exactly.
func (s Size) String() string {
	units := []string{"", "KiB", "MiB", "GiB", "TiB"}
	v, i := int64(s), 0
	for v != 0 && v%1024 == 0 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return fmt.Sprintf("%d%s", v, units[i])
}

// A StartMode says what is done with files that rtcship has never seen when it
// starts for the first time.
type StartMode int

const (
	// StartBeginning takes the live files from their beginning and leaves old rotated ones alone.
	StartBeginning StartMode = iota
	// StartEnd takes what is written from now on.
	StartEnd
	// StartTime takes every file, rotated ones too, that may hold records from a time on.
	StartTime
)

// A Start is a StartMode with its time.
type Start struct {
	Mode StartMode
	Time time.Time // for StartTime
}

// UnmarshalYAML reads beginning, end, or a time in RFC 3339.
func (s *Start) UnmarshalYAML(n *yaml.Node) error { return s.Set(n.Value) }

// Set reads text as UnmarshalYAML does.
func (s *Start) Set(text string) error {
	switch text {
	case "beginning":
		*s = Start{Mode: StartBeginning}
		return nil
	case "end":
		*s = Start{Mode: StartEnd}
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			*s = Start{Mode: StartTime, Time: t}
			return nil
		}
	}
	return fmt.Errorf("%q is neither beginning nor end nor a time such as 2026-11-21T08:00:00Z", text)
}

// MarshalYAML writes the start the way it is read.
func (s Start) MarshalYAML() (any, error) { return s.String(), nil }

// String gives the start the way it is written in a file.
func (s Start) String() string {
	switch s.Mode {
	case StartEnd:
		return "end"
	case StartTime:
		return s.Time.Format(time.RFC3339Nano)
	default:
		return "beginning"
	}
}
