package config

import (
	"reflect"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
)

// A Key is one thing that can be set.
type Key struct {
	Path string // "export.tls.ca_file"
	Help string
	List bool // a list of strings: its flag may be repeated

	index []int // of the field in Config
	text  bool  // a plain string, taken as it stands from flags and variables
}

// Env is the key's environment variable.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "_"))
}

// Flag is the key's flag, without the leading dashes.
func (k Key) Flag() string {
	return asFlag.Replace(k.Path)
}

var asFlag = strings.NewReplacer(".", "-", "_", "-")

const envPrefix = "RTCSHIP_"

// Keys lists every key in the order of Config's fields. Never change the list.
func Keys() []Key { return keys() }

var keys = sync.OnceValue(func() []Key {
	return appendKeys(nil, reflect.TypeFor[Config](), "", nil)
})

func appendKeys(keys []Key, t reflect.Type, prefix string, index []int) []Key {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("yaml") == "-" {
			continue
		}
		path := prefix + f.Tag.Get("yaml")
		at := append(append([]int(nil), index...), i)
		help, leaf := f.Tag.Lookup("help")
		if !leaf {
			keys = appendKeys(keys, f.Type, path+".", at)
			continue
		}
		keys = append(keys, Key{
			Path: path, Help: help, index: at,
			List: f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.String,
			text: f.Type.Kind() == reflect.String,
		})
	}
	return keys
}

// nearest returns the name of all that is most like the given one, or "" if none is like it.
func nearest(name string, all []string) string {
	best, distance := "", max(3, len(name)/3)+1
	for _, s := range all {
		if d := levenshtein.ComputeDistance(name, s); d < distance {
			best, distance = s, d
		}
	}
	return best
}
