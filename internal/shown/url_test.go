package shown

import "testing"

func TestURL(t *testing.T) {
	for raw, want := range map[string]string{
		"http://localhost:4317":                "http://localhost:4317",
		"localhost:4317":                       "localhost:4317",
		"collector":                            "collector",
		"unix:/run/otel.sock":                  "unix:/run/otel.sock",
		"unix:///run/otel.sock":                "unix:///run/otel.sock",
		"dns:///collector:4317":                "dns:///collector:4317",
		"unix-abstract:name":                   "unix-abstract:name",
		"https://h/v1/logs?api_key=S&b=T&flag": "https://h/v1/logs?api_key=***&b=***&***",
		"https://u:S@h:4318/x":                 "https://***@h:4318/x",
		"https://S@h":                          "https://***@h",
		"https://h/%2Fa?x=%20S#S":              "https://h/%2Fa?x=***",
		"https://h:port/?api_key=S":            "https://h:port/?api_key=***",
		"http://[::1]:4318":                    "http://[::1]:4318",
		"h:4317?token=S":                       "h:4317?token=***",
		"https://a:b@c@h/x@y#S":                "https://***@h/x@y",
		"://u:S@h":                             "://***@h",
	} {
		if got := URL(raw); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}
