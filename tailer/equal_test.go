package tailer

import (
	"testing"
	"time"
)

// Of files of several logs that hold the same and are found at once, one is read: none is
// a copy of another that is a copy of it.
func TestEqualFilesFoundAtOnce(t *testing.T) {
	plain, packed := lines(0, 40), string(gzipOf(lines(0, 40)))
	for name, files := range map[string]map[string]string{
		"rotated":                         {"app.jsonl.1": plain, "x.jsonl.1": plain},
		"rotated, and one holds more":     {"app.jsonl.1": lines(0, 20), "x.jsonl.1": plain},
		"three, and a live one":           {"app.jsonl": plain, "x.jsonl.1": plain, "a.jsonl.1": plain, "b.jsonl.1": plain},
		"packed":                          {"app.jsonl.1.gz": packed, "x.jsonl.1.gz": packed},
		"a live one, and one packed":      {"app.jsonl": plain, "x.jsonl.1.gz": packed},
		"a live one, and one rotated":     {"app.jsonl": plain, "x.jsonl.1": plain},
		"live ones":                       {"app.jsonl": plain, "x.jsonl": plain},
		"one that Sora names, rotated":    {"api.jsonl.1": plain, "x.jsonl.1": plain},
		"two that Sora names, rotated":    {"api.jsonl.1": plain, "cluster.jsonl.1": plain},
		"rotated, packed and a live one":  {"app.jsonl": plain, "x.jsonl.1": plain, "y.jsonl.1.gz": packed},
		"rotated ones of the same log":    {"x.jsonl.1": plain, "x.jsonl.2": plain},
		"rotated ones of the log, packed": {"sora.jsonl.1.gz": packed, "sora.jsonl.2": plain},
	} {
		for when, stopped := range map[string]bool{"running": false, "stopped": true} {
			t.Run(name+"/"+when, func(t *testing.T) {
				inWorld(t, func(w *world) {
					w.write("sora.jsonl", lines(100, 10))
					w.start()
					w.pass(10 * time.Second)
					if stopped {
						w.end()
					}
					for file, text := range files {
						w.write(file, text)
					}
					if stopped {
						w.start()
					}
					w.pass(30 * time.Second)
					count := map[string]int{}
					for _, s := range w.sink.texts() {
						count[s]++
					}
					for i := range 40 {
						if count[line(i)] != 1 {
							t.Fatalf("line %d came %d times", i, count[line(i)])
						}
					}
				})
			})
		}
	}
}
