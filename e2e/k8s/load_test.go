package k8s

import (
	"encoding/json"
	"flag"
	"fmt"
	"testing"
	"time"
)

var (
	loadRate    = flag.Int("rate", 5000, "lines a second of the load test")
	loadSeconds = flag.Int("seconds", 30, "length of the load test")
)

// testLoad writes as fast as the sidecar must keep up with within its 64 MiB.
func testLoad(t *testing.T) {
	apply(t, soraPod{name: "load", args: fmt.Sprintf("--rate=%d, --lines=%d", *loadRate, *loadRate**loadSeconds)}.yaml())
	ready(t, "load")
	const path = "{.spec.initContainers[0].resources.requests.cpu} {.spec.initContainers[0].resources.requests.memory} {.spec.initContainers[0].resources.limits}"
	if given := get(t, "pod/load", path); given != `10m 32Mi {"memory":"64Mi"}` {
		t.Errorf("the sidecar has %s", given)
	}
	var peak, cpu float64
	lines := *loadRate * *loadSeconds
	eventually(t, time.Duration(*loadSeconds)*time.Second+90*time.Second, "the load", func() error {
		now, _, _ := usage(t, "load")
		peak = max(peak, now)
		streams, err := counts(t)
		if err == nil && streams["load"].Have < lines {
			err = fmt.Errorf("%d of %d lines", streams["load"].Have, lines)
		}
		return err
	})
	// The kubelet looks every ten seconds or so: wait for a look that has all of the load in it.
	ended := time.Now()
	eventually(t, 60*time.Second, "the kubelet to look once more", func() error {
		_, used, at := usage(t, "load")
		if cpu = used; at.Before(ended) {
			return fmt.Errorf("it looked %v", at)
		}
		return nil
	})
	if restarts := get(t, "pod/load", "{.status.initContainerStatuses[0].restartCount}"); restarts != "0" {
		t.Errorf("rtcship was restarted %s times: %s", restarts, get(t, "pod/load", "{.status.initContainerStatuses[0].lastState}"))
	}
	t.Logf("%d lines at %d a second: at most %.1f MiB in the sidecar's working set; %.2f s of CPU, %.1f µs a line, %.0f m on average", lines, *loadRate, peak/(1<<20), cpu, cpu*1e6/float64(lines), cpu*1e3/float64(*loadSeconds))
	kubectl(t, "delete", "pod", "load", "--timeout=60s")
}

// usage asks the kubelet for the memory of the sidecar in bytes, for the time
// in seconds that it has used of a CPU so far, and when it looked; 0 if it does
// not know yet.
func usage(t *testing.T, pod string) (memory, cpu float64, at time.Time) {
	t.Helper()
	node := get(t, "pod/"+pod, "{.spec.nodeName}")
	text, err := try("kubectl", "get", "--raw", "/api/v1/nodes/"+node+"/proxy/stats/summary")
	if err != nil {
		return 0, 0, at
	}
	var summary struct {
		Pods []struct {
			PodRef     struct{ Name, Namespace string }
			Containers []struct {
				Name   string
				Memory struct{ WorkingSetBytes float64 }
				CPU    struct {
					Time                 time.Time
					UsageCoreNanoSeconds float64
				}
			}
		}
	}
	if json.Unmarshal([]byte(text), &summary) != nil {
		return 0, 0, at
	}
	for _, p := range summary.Pods {
		for _, c := range p.Containers {
			if p.PodRef.Name == pod && p.PodRef.Namespace == namespace && c.Name == "rtcship" {
				return c.Memory.WorkingSetBytes, c.CPU.UsageCoreNanoSeconds / 1e9, c.CPU.Time
			}
		}
	}
	return 0, 0, at
}
