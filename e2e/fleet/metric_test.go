package fleet

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
)

// metricAt asks the rtcship whose admin listener this is for the sum of the samples of a
// metric that have a label, written `name="value"`.
func metricAt(admin, name string, label ...string) (sum float64, err error) {
	resp, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for s := bufio.NewScanner(resp.Body); s.Scan(); {
		labels, value, ok := strings.Cut(strings.TrimPrefix(s.Text(), name+"{"), "} ")
		if !ok || !strings.HasPrefix(s.Text(), name+"{") || len(label) > 0 && !strings.Contains(labels, label[0]) {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, nil
}
