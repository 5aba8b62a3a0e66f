package admin

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// Where somebody has emptied the state directory another process may listen there by
// now: that one's socket stays.
func TestSocketOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), Socket)
	mine := listenOn(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	others := listenOn(t, path)
	if err := mine.Close(); err != nil {
		t.Error(err)
	}
	dials(t, path)
	if err := others.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("a socket that was closed leaves its name: %v", err)
	}
}

// What is to be served is served again on a socket whose name is gone.
func TestSocketIsMadeAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), Socket)
	s, err := New(process{&pipeline.Status{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 3 {
		if err := s.Serve(Config{Socket: path}); err != nil {
			t.Fatal(err)
		}
		dials(t, path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func listenOn(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := listenUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func dials(t *testing.T, path string) {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Error(err)
		return
	}
	c.Close()
}
