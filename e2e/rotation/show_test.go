package rotation

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// show returns what a directory holds of a stream, file by file, for the message of a failure.
func show(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	paths, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, path := range paths {
		found := number.FindAllStringSubmatch(content(t, path), -1)
		fi, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		first, last := "-", "-"
		if len(found) > 0 {
			first, last = found[0][2], found[len(found)-1][2]
		}
		fmt.Fprintf(&b, "%-40s %8d bytes, %s lines, %s…%s\n", filepath.Base(path), fi.Size(), strconv.Itoa(len(found)), first, last)
	}
	return b.String()
}
