// Command notice writes THIRD_PARTY: what the program is linked with, and under
// which licences. It asks the module graph, so nothing is listed by hand.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	root := flag.String("root", "..", "root of the repository")
	flag.Parse()
	text, err := notice(*root)
	if err == nil {
		err = os.WriteFile(filepath.Join(*root, "THIRD_PARTY"), text, 0o644)
	}
	if err != nil {
		log.Fatal("notice: ", err)
	}
}

// A module is one that the program is linked with.
type module struct{ Path, Version, Dir string }

// notice returns the list of modules, then each text of a licence once, with
// those that it holds for.
func notice(root string) ([]byte, error) {
	modules, err := linked(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "rtcship is linked with Go's standard library and the following modules. Made by `make notice`.\n\n")
	texts := map[string][]string{} // licence → modules
	var order []string
	for _, m := range modules {
		text, err := licence(m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		fmt.Fprintf(&b, "%s %s\n", m.Path, m.Version)
		if texts[text] == nil {
			order = append(order, text)
		}
		texts[text] = append(texts[text], m.Path)
	}
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(texts[text], "\n"), text)
	}
	return b.Bytes(), nil
}

// linked lists the modules that ./cmd/rtcship is built from for Linux, sorted
// by path, without our own, and Go itself.
func linked(root string) ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/rtcship")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []module
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && p.Module.Version != "" && !slices.Contains(all, *p.Module) {
			all = append(all, *p.Module)
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([.-].*)?$`)

// licence is the text of the module's licences and notices.
func licence(m module) (string, error) {
	files, err := os.ReadDir(m.Dir)
	if err != nil {
		return "", err
	}
	var all []string
	for _, f := range files {
		if f.IsDir() || !licenceFile.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(m.Dir, f.Name()))
		if err != nil {
			return "", err
		}
		all = append(all, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	if len(all) == 0 {
		return "", errors.New("no licence found in the module")
	}
	return strings.Join(all, "\n\n"), nil
}
