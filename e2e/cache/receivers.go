package cache

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

//go:embed receivers.yaml
var receiversConfig []byte

// receivers is the collector with the receivers of this tree: its sources are
// part of the recipe, so each change of them makes it anew.
func receivers() (recipe, error) {
	root := repository()
	sources, err := goSources(root)
	if err != nil {
		return recipe{}, err
	}
	return recipe{
		name:   "otelcol-rtcship",
		input:  append([]byte(builder+"\n"+string(receiversConfig)), sources...),
		target: "e2e-otelcol-cache",
		make: func(ctx context.Context, dir string, log io.Writer) (string, error) {
			config := filepath.Join(dir, "builder.yaml")
			text := bytes.ReplaceAll(receiversConfig, []byte("ROOT"), []byte(root))
			text = bytes.Replace(text, []byte("\ndist:\n"), []byte("\ndist:\n  output_path: "+filepath.Join(dir, "out")+"\n"), 1)
			if err := os.WriteFile(config, text, 0o644); err != nil {
				return "", err
			}
			return filepath.Join(dir, "out", "otelcol-rtcship"), goTool(ctx, dir, log, "run", builder, "--config", config)
		},
	}, nil
}

// repository returns the folder of the repository.
func repository() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// goSources returns all that decides what the receivers are built into: the
// files of the root module and of otelcol/, but for their tests.
func goSources(root string) ([]byte, error) {
	var paths []string
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		switch name := e.Name(); {
		case err != nil:
			return err
		case e.IsDir() && path != root && (name[0] == '.' || name == "testdata" || foreign(root, path)):
			return filepath.SkipDir
		case e.Type().IsRegular() && isSource(name, filepath.Dir(path) == root):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for the receivers' sources: %w", err)
	}
	sort.Strings(paths)
	var all bytes.Buffer
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the receivers' sources: %w", err)
		}
		fmt.Fprintf(&all, "%s %d\n", strings.TrimPrefix(path, root), len(text))
		all.Write(text)
	}
	return all.Bytes(), nil
}

// isSource says that a file may show in what is built. Beside the source there are
// pages and catalogues that are embedded.
func isSource(name string, atRoot bool) bool {
	if atRoot {
		return name == "go.mod" || name == "go.sum"
	}
	return !strings.HasSuffix(name, "_test.go") && !strings.HasSuffix(name, ".md")
}

// foreign says that nothing below path, a folder, is in the receivers.
func foreign(root, path string) bool {
	switch rel, _ := filepath.Rel(root, path); rel {
	case "exporter", "tailer", "convert", "internal", "otelcol":
		return false
	default:
		return !strings.ContainsRune(rel, filepath.Separator)
	}
}

// Receivers returns the path of the collector with the receivers of this tree,
// or an error that says how to build it.
func Receivers() (string, error) {
	r, err := receivers()
	if err != nil {
		return "", err
	}
	return r.find()
}

// BuildReceivers returns the path of the collector with the receivers of this
// tree, built first if need be: some minutes on two cores at first, through the
// Go module proxy, and less after a change. Those of earlier states of the tree
// go. Progress is written to w.
func BuildReceivers(ctx context.Context, w io.Writer) (string, error) {
	r, err := receivers()
	if err != nil {
		return "", err
	}
	path, err := r.build(ctx, w)
	if err != nil {
		return "", err
	}
	return path, r.forgetOthers(path)
}

// forgetOthers removes the binaries of r's name that were made of something else.
func (r recipe) forgetOthers(path string) error {
	all, err := filepath.Glob(filepath.Join(filepath.Dir(path), r.name+"-????????????????????????*"))
	if err != nil {
		return err
	}
	for _, other := range all {
		if strings.HasPrefix(other, path) {
			continue
		}
		if err := os.Remove(other); err != nil {
			return fmt.Errorf("remove what was built before: %w", err)
		}
	}
	return nil
}
