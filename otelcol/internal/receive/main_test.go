package receive_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain looks for what still runs after the tests, for longer than goleak by itself: the
// machine may be slow.
func TestMain(m *testing.M) {
	code := m.Run()
	for end := time.Now().Add(waitLimit); code == 0; {
		err := goleak.Find()
		if err == nil {
			break
		}
		if time.Now().After(end) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
