package harness

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// TierConfig returns the configuration of the collectors of a manifest in
// manifests/collector, such as tier.yaml.
func TierConfig(name string) (string, error) {
	f, err := os.Open(filepath.Join(Root(), "manifests", "collector", name))
	if err != nil {
		return "", err
	}
	defer f.Close()
	for d := yaml.NewDecoder(f); ; {
		var object struct {
			Kind string
			Data map[string]string
		}
		if err := d.Decode(&object); errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%s: no ConfigMap with a collector.yaml", f.Name())
		} else if err != nil {
			return "", err
		}
		if config, ok := object.Data["collector.yaml"]; ok {
			return config, nil
		}
	}
}
