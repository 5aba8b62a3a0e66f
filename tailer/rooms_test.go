package tailer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// mostFields is how many fields a struct may have, so that people can tell who uses
// which: more of them are several things.
const mostFields = 25

func TestStructsAreOneThing(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok && s.Fields.NumFields() > mostFields {
				t.Errorf("%s: %s has %d fields, more than %d", path, spec.Name, s.Fields.NumFields(), mostFields)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 30 {
		t.Fatal(files, err)
	}
}
