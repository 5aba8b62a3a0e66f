module github.com/rtcship/rtcship/e2e

go 1.26.8
