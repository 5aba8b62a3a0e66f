package k8s

import (
	"fmt"
	"strings"
)

// collectorObjects are a real collector that writes what it gets to a volume,
// with the program beside it that counts there.
const collectorObjects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: collector}
data:
  config.yaml: |
    extensions:
      health_check: {endpoint: 0.0.0.0:13133}
    receivers:
      otlp: {protocols: {grpc: {endpoint: 0.0.0.0:4317}}}
    exporters:
      file: {path: /data/out.jsonl, append: true, flush_interval: 100ms}
    service:
      extensions: [health_check]
      telemetry: {metrics: {level: none}}
      pipelines:
        logs: {receivers: [otlp], exporters: [file]}
---
apiVersion: v1
kind: Service
metadata: {name: collector}
spec:
  selector: {app: collector}
  ports: [{name: grpc, port: 4317}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: collector}
spec:
  serviceName: collector
  selector: {matchLabels: {app: collector}}
  template:
    metadata: {labels: {app: collector}}
    spec:
      terminationGracePeriodSeconds: 5
      securityContext: {runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: collector
        image: ` + imageCollector + `
        args: [--config, /etc/collector/config.yaml]
        readinessProbe: {httpGet: {path: /, port: 13133}, periodSeconds: 1}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: config, mountPath: /etc/collector}, {name: data, mountPath: /data}]
      - name: tally
        image: ` + imageStandin + `
        args: [tally]
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        volumeMounts: [{name: data, mountPath: /data}]
      volumes:
      - {name: config, configMap: {name: collector}}
      - {name: data, persistentVolumeClaim: {claimName: collector}}
`

// A soraPod is a pod as the owner of a Sora would write it.
type soraPod struct {
	name        string
	args        string            // of the stand-in, with commas
	annotations map[string]string // of the pod
	logs, state string            // volume sources; state "" is the policy's own
}

func (p soraPod) yaml() string {
	var annotations, volumes strings.Builder
	for k, v := range p.annotations {
		fmt.Fprintf(&annotations, "    %s: %q\n", k, v)
	}
	logs := p.logs
	if logs == "" {
		logs = "emptyDir: {}"
	}
	fmt.Fprintf(&volumes, "  - name: logs\n    %s\n", logs)
	if p.state != "" {
		fmt.Fprintf(&volumes, "  - name: rtcship-state\n    %s\n", p.state)
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata:
  name: %[1]s
  labels: {app: sora, rtcship.dev/inject: "true"}
  annotations:
    rtcship.dev/volume: logs
%[2]sspec:
  restartPolicy: Always
  terminationGracePeriodSeconds: 30
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: sora
    image: %[3]s
    args: [sora, --stream=%[1]s, %[4]s]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: logs, mountPath: /opt/sora/log}]
  volumes:
%[5]s`, p.name, annotations.String(), imageStandin, p.args, volumes.String())
}
