package fleet

import (
	"testing"

	"github.com/rtcship/rtcship/e2e/harness"
)

// tierConfig is the collectors' configuration as it is shipped.
func tierConfig(t testing.TB, manifest string) string {
	t.Helper()
	config, err := harness.TierConfig(manifest)
	if err != nil {
		t.Fatal(err)
	}
	return config
}
