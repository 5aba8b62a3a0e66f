package saved

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), "state_dir") {
		t.Errorf("second lock: %v", err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	lock, err = Lock(dir)
	if err != nil {
		t.Fatal("not free again:", err)
	}
	lock.Close()
}

// A lock that was removed is made again, unless another process has been faster.
func TestLockThatIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	lock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if remade, err := lock.Check(); remade || err != nil {
		t.Errorf("%v, %v, want the lock as it is", remade, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if remade, err := lock.Check(); !remade || err != nil {
		t.Errorf("%v, %v, want it made again", remade, err)
	}
	if _, err := Lock(dir); !errors.Is(err, ErrTaken) {
		t.Errorf("another process: %v, want ErrTaken", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	other, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := lock.Check(); !errors.Is(err, ErrTaken) {
		t.Errorf("after another process: %v, want ErrTaken", err)
	}
}
