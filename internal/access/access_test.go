package access

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestMissing(t *testing.T) {
	const sora, ship = 990, 991
	dir := func(path string, perm fs.FileMode, uid, gid uint32) object {
		return object{path: path, mode: fs.ModeDir | perm, uid: uid, gid: gid}
	}
	root := dir("/", 0o755, 0, 0)
	tests := []struct {
		name  string
		way   []object
		who   process
		at    string
		group bool
	}{
		{"open to all", []object{root, dir("/log", 0o755, sora, sora)}, process{uid: ship, groups: []uint32{ship}}, "", false},
		{"its group may", []object{root, dir("/log", 0o750, sora, sora)}, process{uid: ship, groups: []uint32{ship}}, "/log", true},
		{"we are in its group", []object{root, dir("/log", 0o750, sora, sora)}, process{uid: ship, groups: []uint32{ship, sora}}, "", false},
		{"nobody but its owner", []object{root, dir("/log", 0o700, sora, sora)}, process{uid: ship, groups: []uint32{ship}}, "/log", false},
		{"a directory on the way", []object{root, dir("/opt", 0o710, sora, sora), dir("/opt/log", 0o755, sora, sora)}, process{uid: ship, groups: []uint32{ship}}, "/opt", true},
		{"searched is not read", []object{root, dir("/log", 0o711, sora, sora)}, process{uid: ship, groups: []uint32{ship}}, "/log", false},
		{"a file", []object{root, dir("/log", 0o755, sora, sora), {path: "/log/sora.jsonl", mode: 0o640, uid: sora, gid: sora}}, process{uid: ship, groups: []uint32{ship}}, "/log/sora.jsonl", true},
		{"a group that may less than others", []object{root, dir("/log", 0o705, sora, ship)}, process{uid: ship, groups: []uint32{ship}}, "/log", false},
		{"an owner who may less than the group", []object{root, dir("/log", 0o070, ship, sora)}, process{uid: ship, groups: []uint32{ship}}, "/log", false},
		{"the superuser", []object{root, dir("/log", 0o000, sora, sora)}, process{}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, group, ok := missing(tt.way, tt.who)
			if o.path != tt.at || group != tt.group || ok != (tt.at != "") {
				t.Errorf("missing = %q, %v, %v; want %q, %v", o.path, group, ok, tt.at, tt.group)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	if f := Check(dir); f != nil {
		t.Errorf("our own directory: %+v", f)
	}
	if f := Check(filepath.Join(dir, "missing", "too")); f != nil {
		t.Errorf("what is not there: %+v", f)
	}
	if os.Geteuid() == 0 {
		return // the superuser may read anything
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o000); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{closed, filepath.Join(closed, "sora.jsonl")} {
		if f := Check(path); f == nil || f.Path != closed || f.Group != "" {
			t.Errorf("%s: %+v, want that %s may not be used by anybody", path, f, closed)
		}
	}
}
