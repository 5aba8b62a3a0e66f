package tailer

import "github.com/rtcship/rtcship/tailer/entry"

type (
	// A Format is an entry.Format.
	Format = entry.Format
	// A Form is an entry.Form.
	Form = entry.Form
	// A Batch is an entry.Batch.
	Batch = entry.Batch
	// A Consumer is an entry.Consumer.
	Consumer = entry.Consumer
	// A Gap is an entry.Gap.
	Gap = entry.Gap
)
