package smallfile

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, n int) {
		if err := os.WriteFile(at(name), []byte(strings.Repeat("x", n)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", 0)
	write("full", Max)
	write("over", Max+1)
	if err := errors.Join(os.Symlink("full", at("link")), os.Symlink("none", at("dangling")), os.Symlink("/dev/zero", at("link-zero")),
		syscall.Mkfifo(at("fifo"), 0o600), os.Symlink("fifo", at("link-fifo")), os.Truncate(at("over"), 1<<40)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, tt := range []struct {
		path string
		n    int
		want error
		says string
	}{
		{"empty", 0, nil, ""},
		{"full", Max, nil, ""},
		{"link", Max, nil, ""},
		{"none", 0, fs.ErrNotExist, ""},
		{"dangling", 0, fs.ErrNotExist, ""},
		{"over", 0, ErrTooLarge, "1024 KiB"},
		{"fifo", 0, ErrNotRegular, "named pipe"},
		{"link-fifo", 0, ErrNotRegular, "named pipe"},
		{"socket", 0, ErrNotRegular, "socket"},
		{".", 0, ErrNotRegular, "directory"},
		{"link-zero", 0, ErrNotRegular, "device"},
	} {
		data, err := Read(at(tt.path))
		if !errors.Is(err, tt.want) || len(data) != tt.n || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %d bytes, %v; want %d, %v", tt.path, len(data), err, tt.n, tt.want)
		}
	}
}

// Whatever is to be done with it, opening what is no file does not wait for anybody.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(syscall.Mkfifo(at("fifo"), 0o600), os.Mkdir(at("dir"), 0o700), os.Symlink("/dev/zero", at("zero"))); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []int{os.O_RDONLY, os.O_WRONLY | os.O_CREATE | os.O_TRUNC, os.O_RDWR | os.O_CREATE, os.O_WRONLY | os.O_CREATE | os.O_APPEND} {
		for _, name := range []string{"fifo", "dir", "zero"} {
			if f, err := Open(at(name), flag, 0o600); !errors.Is(err, ErrNotRegular) {
				t.Errorf("%s, flags %x: %v, %v", name, flag, f, err)
			}
		}
	}
	f, err := Open(at("new"), os.O_WRONLY|os.O_CREATE, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if info, err := os.Stat(at("new")); err != nil || info.Mode().Perm()&0o777&^0o640 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, name := range []string{"fifo", "zero", "new"} {
		if d, err := OpenDir(at(name)); !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	d, err := OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if names, err := d.Readdirnames(-1); err != nil || len(names) != 4 {
		t.Errorf("%v, %v", names, err)
	}
}
