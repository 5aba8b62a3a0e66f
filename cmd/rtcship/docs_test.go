package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/rtcship/rtcship/internal/config"
)

// documents are the texts that users read, by path; each command's help is among
// them.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "charts/rtcship/*.md"} {
		paths, err := filepath.Glob("../../" + pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(text)
		}
	}
	for _, cmd := range newCommand().Commands() {
		texts["rtcship "+cmd.Name()+" --help"] = cmd.Long + "\n" + cmd.Example
	}
	return texts
}

var (
	// A command stands in a line of its own, or in a span of code or quotes. At
	// the beginning of a line it may as well be a sentence.
	shownCommand = regexp.MustCompile("(?m)(^ *|[`\"] ?|/)rtcship ([a-z]+)([^\n`|]*)")
	shownFlag    = regexp.MustCompile(`(?:^| )--([a-z][a-z-]*)`)
	// The other sections' names also begin names of attributes.
	shownKey      = regexp.MustCompile("`((?:spool|dead_letters|limits|redact|export|admin|debug)\\.[a-z_.]*[a-z])`")
	shownVariable = regexp.MustCompile(`\bRTCSHIP_[A-Z_]*[A-Z]\b`)
)

// Commands, flags, keys and variables that the documents and the help speak of
// are there.
func TestDocumentsSpeakOfWhatThereIs(t *testing.T) {
	keys, variables := map[string]bool{}, map[string]bool{config.ConfigFileVariable: true}
	for _, k := range config.Keys() {
		variables[k.Env()] = true
		for path := k.Path; path != ""; path = path[:max(0, strings.LastIndexByte(path, '.'))] {
			keys[path] = true
		}
	}
	texts := documents(t)
	seen := 0
	for _, where := range slices.Sorted(maps.Keys(texts)) {
		for _, m := range shownCommand.FindAllStringSubmatch(texts[where], -1) {
			seen++
			sentence := strings.TrimSpace(m[1]) == ""
			checkCommand(t, where, m[2], m[3], sentence)
		}
		for _, m := range shownKey.FindAllStringSubmatch(texts[where], -1) {
			seen++
			if !keys[m[1]] && !strings.Contains(where, "chart") && !strings.Contains(where, "kubernetes") { // which have keys of their own
				t.Errorf("%s: there is no key %s", where, m[1])
			}
		}
		for _, name := range shownVariable.FindAllString(texts[where], -1) {
			seen++
			if !variables[name] {
				t.Errorf("%s: there is no variable %s", where, name)
			}
		}
	}
	if seen < 150 {
		t.Errorf("only %d were found", seen)
	}
}

// checkCommand checks a command line: that there is such a command, unless it may
// be a sentence, and that it has such flags.
func checkCommand(t *testing.T, where, name, args string, sentence bool) {
	t.Helper()
	all := newCommand().Commands()
	i := slices.IndexFunc(all, func(c *cobra.Command) bool { return c.Name() == name })
	if i < 0 && sentence {
		return
	}
	if i < 0 {
		t.Errorf("%s: there is no command rtcship %s", where, name)
		return
	}
	for _, flag := range shownFlag.FindAllStringSubmatch(args, -1) {
		if all[i].Flags().Lookup(flag[1]) == nil {
			t.Errorf("%s: rtcship %s has no flag --%s", where, name, flag[1])
		}
	}
}

// ARCHITECTURE.md names the one idea of each package.
func TestArchitectureNamesEachPackage(t *testing.T) {
	table, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]bool{}
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel("../..", path)
		if d != nil && d.IsDir() && rel != "." {
			_, own := os.Stat(filepath.Join(path, "go.mod"))
			if own == nil || strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(path, "convert/internal") { // only tests import that
				return fs.SkipDir
			}
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			packages[filepath.ToSlash(filepath.Dir(rel))] = true
		}
		return err
	})
	if err != nil || len(packages) < 20 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	for name := range packages {
		if !strings.Contains(string(table), "`"+name+"`") {
			t.Errorf("ARCHITECTURE.md does not name %s", name)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| (`.*`) \\|").FindAllStringSubmatch(string(table), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			if !packages[strings.Trim(name, "`")] {
				t.Errorf("ARCHITECTURE.md names %s, which is no package", name)
			}
		}
	}
}

// The table of CONTRIBUTING.md sends nobody to a file or a test that is not there.
func TestContributingNamesWhatIsThere(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## To add something")
	found := 0
	for _, m := range regexp.MustCompile("((?:`Test\\w+`, )*`Test\\w+`) in `([\\w/]+)`").FindAllStringSubmatch(table, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			found++
			if name = strings.Trim(name, "`"); !hasTest(t, filepath.Join("../..", m[2]), name) {
				t.Errorf("CONTRIBUTING.md: there is no %s in %s", name, m[2])
			}
		}
	}
	if all := strings.Count(table, "`Test"); found != all || all == 0 {
		t.Errorf("CONTRIBUTING.md: of %d tests %d say in which package they are", all, found)
	}
	for _, m := range regexp.MustCompile("`([a-z]\\w*/[\\w./]+)`").FindAllStringSubmatch(table, -1) {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Errorf("CONTRIBUTING.md: %v", err)
		}
	}
}

// hasTest says whether a package has a test of that name.
func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
