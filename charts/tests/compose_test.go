package charts

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const composeDir = manifests + "/compose"

type composeFile struct {
	Services map[string]composeService
	Volumes  map[string]any
}

type composeService struct {
	Image   string
	Build   string
	Command []string
	Volumes []string
	Ports   []string
	Depends []string `json:"depends_on"`
}

func loadCompose(t *testing.T) composeFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(composeDir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c composeFile
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Services) < 6 {
		t.Fatalf("only %d services", len(c.Services))
	}
	return c
}

// No container engine runs in the tests, so what can be said without one is
// said here: what is mounted exists, what is depended on is there, images are
// pinned, and nothing is published beyond the machine.
func TestCompose(t *testing.T) {
	c := loadCompose(t)
	pinned := regexp.MustCompile(`^[a-z/-]+:v?\d+\.\d+\.\d+$`)
	for name, s := range c.Services {
		if s.Build == "" && !pinned.MatchString(s.Image) {
			t.Errorf("%s: image %q is not pinned", name, s.Image)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(v, "${") {
				continue // the user's own log directory
			}
			if strings.HasPrefix(from, ".") {
				if _, err := os.Stat(filepath.Join(composeDir, from)); err != nil {
					t.Errorf("%s mounts %s: %v", name, from, err)
				}
				if !strings.HasSuffix(v, ":ro") {
					t.Errorf("%s may write to %s", name, from)
				}
			} else if _, ok := c.Volumes[from]; !ok {
				t.Errorf("%s mounts the volume %s, which is not declared", name, from)
			}
		}
		for _, d := range s.Depends {
			if _, ok := c.Services[d]; !ok {
				t.Errorf("%s depends on %s, which is no service", name, d)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s beyond this machine", name, p)
			}
		}
	}
}

// composePorts are what each image listens on, by its configuration here or by its own default.
var composePorts = map[string][]string{
	"collector": {"4317", "4318"}, "loki": {"3100"}, "tempo": {"3200", "4317"}, "prometheus": {"9090"}, "rtcship": {"9464"}, "demo": {"9464"},
}

// TestComposeAddresses holds the names and ports that one part calls another by to what is there.
func TestComposeAddresses(t *testing.T) {
	c := loadCompose(t)
	address := regexp.MustCompile(`(?:https?://)?([a-z]+):(\d{4,5})\b`)
	found := 0
	check := func(where, host, port string) {
		if host == "localhost" {
			return
		}
		found++
		if _, ok := c.Services[host]; !ok {
			t.Errorf("%s: no service %q", where, host)
		} else if !slices.Contains(composePorts[host], port) {
			t.Errorf("%s: %s does not listen on %s", where, host, port)
		}
	}
	files, err := filepath.Glob(filepath.Join(composeDir, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(composeDir, "grafana", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, more...) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			line, _, _ = strings.Cut(line, "#")
			if strings.Contains(line, "image:") || strings.Contains(line, "volumes:") || strings.Contains(line, ":ro") {
				continue
			}
			for _, m := range address.FindAllStringSubmatch(line, -1) {
				check(fmt.Sprintf("%s:%d", filepath.Base(f), n+1), m[1], m[2])
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d addresses found: the test does not see them any more", found)
	}
}

// TestComposeGrafana holds Grafana's provisioning to its form: data sources that
// dashboards and each other refer to are there, under their types.
func TestComposeGrafana(t *testing.T) {
	var provisioned struct {
		APIVersion  int `json:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			JSONData                     map[string]any `json:"jsonData"`
		}
	}
	text, err := os.ReadFile(filepath.Join(composeDir, "grafana", "datasources.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &provisioned, yaml.DisallowUnknownFields); err != nil && !strings.Contains(err.Error(), "isDefault") {
		t.Fatal(err)
	}
	uids := map[string]string{}
	for _, d := range provisioned.Datasources {
		uids[d.UID] = d.Type
		if u, err := url.Parse(d.URL); err != nil || u.Hostname() != d.UID {
			t.Errorf("%s: url %q", d.Name, d.URL)
		}
		if d.Access != "proxy" {
			t.Errorf("%s: access %q: a browser does not reach it", d.Name, d.Access)
		}
	}
	for _, m := range regexp.MustCompile(`datasourceUid: (\w+)`).FindAllStringSubmatch(string(text), -1) {
		if uids[m[1]] == "" {
			t.Errorf("no data source %q", m[1])
		}
	}
	boards, err := filepath.Glob("../rtcship/dashboards/*.json")
	if err != nil || len(boards) == 0 {
		t.Fatal(err)
	}
	for _, b := range boards {
		text, err := os.ReadFile(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"type": "datasource",|"query": "(loki|prometheus|tempo)"`).FindAllStringSubmatch(string(text), -1) {
			if m[1] != "" && !slices.Contains([]string{uids["loki"], uids["prometheus"], uids["tempo"]}, m[1]) {
				t.Errorf("%s asks a %s, which is not provisioned", filepath.Base(b), m[1])
			}
		}
	}
}
