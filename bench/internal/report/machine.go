package report

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Machine is where something was measured.
type Machine struct {
	CPU    string // the model
	Cores  int
	Memory string
	Kernel string
	Go     string
}

// ThisMachine describes the machine this runs on.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), CPU: "unknown", Memory: "unknown"}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.CPU = value(b, "model name")
	}
	if b, err := os.ReadFile("/proc/meminfo"); err == nil {
		kib, _, _ := bytes.Cut([]byte(value(b, "MemTotal")), []byte(" "))
		if n, err := strconv.ParseInt(string(kib), 10, 64); err == nil {
			m.Memory = fmt.Sprintf("%d GiB", (n+1<<19)>>20)
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	return m
}

// value returns what follows the first "name:" of a file under /proc.
func value(b []byte, name string) string {
	_, rest, _ := bytes.Cut(b, []byte(name))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	_, v, _ := bytes.Cut(line, []byte(":"))
	return string(bytes.TrimSpace(v))
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %s of memory, %s, %s", m.CPU, m.Cores, m.Memory, m.Kernel, m.Go)
}
