package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// An Input is where values come from. Flags beat variables, variables beat
// the file, the file beats the OTEL_* variables, those beat the defaults.
type Input struct {
	File    string              // path of a YAML file; "" = none
	Again   bool                // a file that says something is in force, so that one that says nothing is half written
	Environ []string            // NAME=value, as os.Environ gives it
	Flags   map[string][]string // by key path; a list key may have several values
}

// A Loaded is a checked Config with the place each value came from.
type Loaded struct {
	Config
	From     map[string]string // key path → "rtcship.yaml:3:5", "RTCSHIP_…", "--…"; no entry = default
	Warnings []Fault           // worth telling, but no reason not to run
	FileSays bool              // the file sets a key, or says by {} that it sets none of a section
}

// A Fault is one thing that is wrong, at the place where it was written.
type Fault struct {
	Where   string // "rtcship.yaml:3:5", "RTCSHIP_EXPORT_ENDPOINT", "--endpoint"; "" for a default
	Key     string // path of the key; "" if it is not about one
	Message string // what is wrong and what to do
}

// String gives the fault as one line.
func (f Fault) String() string {
	var parts []string
	for _, s := range []string{f.Where, f.Key, f.Message} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

// Faults is every fault of an Input; as an error it reads one fault a line.
type Faults []Fault

// Error joins the faults with newlines.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// Load reads and checks everything, and reports all faults at once, as Faults.
func Load(in Input) (*Loaded, error) {
	l := &loader{Loaded: Loaded{Config: Default(), From: map[string]string{}}, keys: Keys()}
	l.applyOTel(in.Environ)
	if in.File != "" {
		l.applyFile(in.File, in.Again)
	}
	l.applyEnviron(in.Environ)
	l.applyFlags(in.Flags)
	l.settleEndpoint()
	l.check()
	if l.unsaid > 0 {
		l.faults = append(l.faults, Fault{Message: fmt.Sprintf("and %d more", l.unsaid)})
	}
	if len(l.faults) > 0 {
		return nil, l.faults
	}
	return &l.Loaded, nil
}

const (
	// mostFaults is how many are reported: whoever has more of them has given a
	// file that is something else.
	mostFaults = 100

	// mostNames is how many names a mapping may have. Reading one takes time by
	// the square of them.
	mostNames = 1000
)

type loader struct {
	Loaded
	keys   []Key
	faults Faults
	unsaid int // faults beyond mostFaults
}

func (l *loader) fault(where, key, format string, args ...any) {
	if len(l.faults) == mostFaults {
		l.unsaid++
		return
	}
	l.faults = append(l.faults, Fault{where, key, fmt.Sprintf(format, args...)})
}

func (l *loader) key(path string) (Key, bool) {
	i := slices.IndexFunc(l.keys, func(k Key) bool { return k.Path == path })
	if i < 0 {
		return Key{}, false
	}
	return l.keys[i], true
}

// set decodes n into the key's field and notes where it came from.
func (l *loader) set(k Key, n *yaml.Node, where string) {
	if names := widest(n); names > mostNames {
		l.fault(where, k.Path, "%d names are more than %d", names, mostNames)
		return
	}
	field := reflect.ValueOf(&l.Config).Elem().FieldByIndex(k.index)
	fresh := reflect.New(field.Type())
	err := n.Decode(fresh.Interface())
	if err == nil && field.Kind() == reflect.Int && n.Tag == "!!float" {
		err = errFraction // yaml would cut it off
	}
	if within := nodeFaults(nil); errors.As(err, &within) {
		l.faultsWithin(k, n, where, within)
		return
	}
	if err != nil {
		l.fault(where, k.Path, "%s", decodeMessage(err, field.Type(), n, k.hidesValue()))
		return
	}
	field.Set(fresh.Elem())
	l.From[k.Path] = where
}

// faultsWithin reports the faults of a value's parts, each at its place: another
// line and column of the same file, or the same flag or variable.
func (l *loader) faultsWithin(k Key, value *yaml.Node, where string, faults nodeFaults) {
	file, inFile := strings.CutSuffix(where, fmt.Sprintf(":%d:%d", value.Line, value.Column))
	for _, f := range faults {
		if inFile {
			where = place(file, f.node)
		}
		l.fault(where, k.Path, "%s", f.message)
	}
}

// widest is how many names the largest mapping has in n, or in what it stands for.
func widest(n *yaml.Node) (names int) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind == yaml.MappingNode {
		names = len(n.Content) / 2
	}
	for _, child := range n.Content {
		if child.Kind != yaml.AliasNode {
			names = max(names, widest(child))
		} else if child.Alias.Kind == yaml.MappingNode {
			names = max(names, len(child.Alias.Content)/2)
		}
	}
	return names
}

var errFraction = errors.New("a fraction")

// decodeMessage says in the terms of the config what yaml says in terms of Go.
func decodeMessage(err error, t reflect.Type, n *yaml.Node, hide bool) string {
	want := map[reflect.Kind]string{
		reflect.Bool: "true or false", reflect.Int: "a whole number", reflect.Int64: "a duration such as 10s",
		reflect.String: "a text", reflect.Slice: "a list such as [a, b]", reflect.Map: "a mapping such as {name: value}",
	}[t.Kind()]
	if _, own := reflect.TypeAssert[yaml.Unmarshaler](reflect.New(t)); own || want == "" {
		return err.Error()
	}
	if n.Kind == yaml.ScalarNode && !hide {
		return fmt.Sprintf("want %s, not %q", want, n.Value)
	}
	return "want " + want
}

// applyFile reads the file. again is Input.Again.
func (l *loader) applyFile(path string, again bool) {
	data, err := smallfile.Read(path)
	if err != nil {
		l.fault(path, "", "%s: check the path given with --config", reason(err))
		return
	}
	if bytes.IndexByte(data, 0) >= 0 { // a file system after a power cut
		l.fault(path+":1:1", "", "holds bytes that are no text")
		return
	}
	var doc yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(data))
	if err := documents.Decode(&doc); err != nil && err != io.EOF {
		line, msg := splitYAMLError(err)
		l.fault(fmt.Sprintf("%s:%d:1", path, line), "", "%s", msg)
		return
	}
	if line := furtherDocument(documents); line > 0 {
		l.fault(fmt.Sprintf("%s:%d:1", path, line), "", "holds a second document, behind a line of ---: join the two")
		return
	}
	if len(doc.Content) > 0 {
		l.applyNode(path, "", doc.Content[0])
	}
	if again && !l.FileSays {
		l.fault(path+":1:1", "", "says nothing any more: write the configuration back, or \"sora: {}\" if the defaults are meant")
	}
}

// furtherDocument returns the line of the first document that says something, or is
// none, of those that are left; else 0.
func furtherDocument(documents *yaml.Decoder) (line int) {
	for {
		var doc yaml.Node
		switch err := documents.Decode(&doc); {
		case err == io.EOF:
			return 0
		case err != nil || len(doc.Content) > 0 && doc.Content[0].Tag != "!!null":
			return max(doc.Line, 1)
		}
	}
}

// reason gives the system's words without the path, which the fault names already.
func reason(err error) string {
	if pe, ok := err.(*os.PathError); ok { //nolint:errorlint // smallfile.Read returns it unwrapped
		return pe.Err.Error()
	}
	return err.Error()
}

func splitYAMLError(err error) (line int, msg string) {
	msg = strings.TrimPrefix(err.Error(), "yaml: ")
	if n, _ := fmt.Sscanf(msg, "line %d:", &line); n == 1 {
		_, msg, _ = strings.Cut(msg, ": ")
	}
	return max(line, 1), quoted.ReplaceAllString(msg, "${1}…")
}

// quoted is what yaml's messages show of a file: the name of an alias, which is
// any value that begins with an asterisk.
var quoted = regexp.MustCompile(`((?:anchor|tag|map key:?|mapping key|handle) )(?:'[^']*'|"[^"]*"|` + "`[^`]*`" + `)`)

// applyNode walks a mapping; prefix is the path of the mapping with a final dot, or "".
func (l *loader) applyNode(file, prefix string, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if n.Kind != yaml.MappingNode {
		l.fault(place(file, n), strings.TrimSuffix(prefix, "."), "want a mapping of keys")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := prefix + name.Value
		if seen[path] {
			l.fault(place(file, name), path, "is here a second time: remove one")
			continue
		}
		seen[path] = true
		l.applyEntry(file, path, name, value)
	}
}

func (l *loader) applyEntry(file, path string, name, value *yaml.Node) {
	if k, ok := l.key(path); ok {
		if value.Tag != "!!null" {
			l.FileSays = true
			l.set(k, value, place(file, value))
		}
		return
	}
	if l.isSection(path) {
		l.FileSays = l.FileSays || value.Kind == yaml.MappingNode && len(value.Content) == 0
		l.applyNode(file, path+".", value)
		return
	}
	if !keyLike.MatchString(name.Value) {
		l.fault(place(file, name), strings.TrimSuffix(strings.TrimSuffix(path, name.Value), "."), "not a key (%d characters)", len(name.Value))
		return
	}
	if len(l.faults) == mostFaults {
		l.unsaid++ // without looking for what may be meant
		return
	}
	l.fault(place(file, name), path, "unknown key%s", didYouMean(nearest(path, l.names())))
}

// keyLike is what may be meant for a key, and is quoted.
var keyLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,31}$`)

func (l *loader) isSection(path string) bool {
	return slices.ContainsFunc(l.keys, func(k Key) bool { return strings.HasPrefix(k.Path, path+".") })
}

// names lists keys and sections, so that a misspelt section is recognised too.
func (l *loader) names() []string {
	var all []string
	for _, k := range l.keys {
		all = append(all, k.Path)
		for i := range k.Path {
			if k.Path[i] == '.' && !slices.Contains(all, k.Path[:i]) {
				all = append(all, k.Path[:i])
			}
		}
	}
	return all
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", name)
}

func place(file string, n *yaml.Node) string {
	return fmt.Sprintf("%s:%d:%d", file, n.Line, n.Column)
}
