package pipeline

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-z]`)

// reasonsInCode are the texts of all reasons of a state, with "…" for what
// differs, as the calls of diagnosis.add have them.
func reasonsInCode(t *testing.T) map[string][]string {
	t.Helper()
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, n := range names {
		if !strings.HasSuffix(n.Name(), ".go") || strings.HasSuffix(n.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), n.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			state, isState := call.Args[0].(*ast.Ident)
			if !ok || !isState || f.Sel.Name != "add" || state.Name != "Red" && state.Name != "Amber" {
				return true
			}
			format, ok := call.Args[2].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the text of a reason is not written where it is given", n.Name())
				return true
			}
			text, err := strconv.Unquote(format.Value)
			if err != nil {
				t.Fatal(err)
			}
			found[state.Name] = append(found[state.Name], verb.ReplaceAllString(text, "…"))
			return true
		})
	}
	return found
}

// The runbooks of the alerts on the state name every reason that there is, and
// none that there is not: what is amber reaches somebody who finds what to do.
func TestRunbooksNameEveryReason(t *testing.T) {
	row := regexp.MustCompile(`(?m)^\| (.+?) \| .+ \|$`)
	for state, reasons := range reasonsInCode(t) {
		text, err := os.ReadFile("../../docs/runbooks/Rtcship" + state + ".md")
		if err != nil {
			t.Fatal(err)
		}
		listed := map[string]bool{}
		for _, m := range row.FindAllStringSubmatch(string(text), -1) {
			listed[m[1]] = true
		}
		delete(listed, "the page says")
		for _, reason := range reasons {
			if !listed[reason] {
				t.Errorf("Rtcship%s.md does not list %q", state, reason)
			}
			listed[reason] = false
		}
		for reason, unknown := range listed {
			if unknown {
				t.Errorf("Rtcship%s.md lists %q, which the code never says", state, reason)
			}
		}
		if len(reasons) < 5 {
			t.Errorf("only %d reasons for %s were found", len(reasons), state)
		}
	}
}
