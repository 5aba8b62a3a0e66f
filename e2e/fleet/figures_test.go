package fleet

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// measured says what was measured, with the load of the machine beside it.
func measured(t testing.TB, format string, args ...any) {
	t.Helper()
	load, _ := os.ReadFile("/proc/loadavg")
	busy, _, _ := strings.Cut(string(load), " ")
	t.Logf("FIGURE %s (load %s)", fmt.Sprintf(format, args...), busy)
}
