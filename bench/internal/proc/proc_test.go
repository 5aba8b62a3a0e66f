package proc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary stand in for a contender: it burns 50 ms of
// processor time, holds 32 MiB, says so and waits for its end.
func TestMain(m *testing.M) {
	switch os.Getenv("PROC_TEST") {
	case "burn":
		held := make([]byte, 32<<20)
		for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
			for i := 0; i < len(held); i += 4096 {
				held[i]++
			}
		}
		os.Stdout.WriteString("burnt\n")
		time.Sleep(time.Minute)
	case "fail":
		os.Stdout.WriteString("no such thing\n")
		os.Exit(3)
	default:
		os.Exit(m.Run())
	}
}

func start(t *testing.T, as string) *Process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(Command{Argv: []string{exe}, Env: []string{"PROC_TEST=" + as}, Log: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCostOfAProcess(t *testing.T) {
	p := start(t, "burn")
	for {
		if b, _ := os.ReadFile(p.log); string(b) == "burnt\n" {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	running, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := p.Stop(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if running < 10*time.Millisecond || running > whole+5*time.Millisecond {
		t.Errorf("processor time %v while running, %v at the end", running, whole)
	}
	if m := p.Memory(); m.Resident < 32<<20 || m.Anonymous < 32<<20 || m.Anonymous > m.Resident {
		t.Errorf("memory %+v, want 32 MiB and more", m)
	}
}

func TestEndedQuotesTheLog(t *testing.T) {
	p := start(t, "fail")
	<-p.exited
	if err := p.Ended(); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("got %v", err)
	}
	p.Stop(time.Second)
}
