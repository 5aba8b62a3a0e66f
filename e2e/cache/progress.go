package cache

import (
	"fmt"
	"io"
	"os"
	"time"
)

// tick reports to w that name is being built, until the returned function is
// called with the outcome: one line that counts the seconds on a terminal, else
// a line each half minute.
func tick(w io.Writer, name, logPath string) (stop func(error)) {
	every, format := 30*time.Second, "building %s: %v (log: %s)\n"
	if isTerminal(w) {
		every, format = time.Second, "\r\x1b[Kbuilding %s: %v (log: %s)"
	}
	start := time.Now()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			fmt.Fprintf(w, format, name, time.Since(start).Round(time.Second), logPath)
			select {
			case <-t.C:
			case <-quit:
				return
			}
		}
	}()
	return func(err error) {
		close(quit)
		<-done
		outcome := "built"
		if err != nil {
			outcome = "failed"
		}
		if isTerminal(w) {
			fmt.Fprint(w, "\r\x1b[K")
		}
		fmt.Fprintf(w, "%s: %s after %v\n", name, outcome, time.Since(start).Round(time.Second))
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}
