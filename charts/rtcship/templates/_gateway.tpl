{{/* rtcship's configuration in the gateway, as YAML. What the chart sets itself cannot be set twice. */}}
{{- define "rtcship.gatewayConfig" -}}
{{- $g := .Values.gateway }}
{{- include "rtcship.refuseOwnKeys" (dict "where" "gateway.config" "config" $g.config "keys" (dict
  "export.endpoint" "export.endpoint" "export.protocol" "export.protocol" "export.compression" "export.compression"
  "export.headers" "export.headers.existingSecret" "export.headers_file" "export.headers.existingSecret"
  "resource.attributes" "resource.attributes" "pexip.listen" "gateway.listen" "pexip.tls" "gateway.tls" "pexip.allow" "gateway.allow"
  "spool.max_bytes" "gateway.spool.maxBytes" "drain_timeout" "gateway.drainTimeoutSeconds" "state_dir" "gateway.spool.volume"
  "admin.listen" "serviceMonitor")) }}
{{- $listen := list }}
{{- if $g.listen.udp }}{{ $listen = append $listen "udp://:5514" }}{{ end }}
{{- if $g.listen.tcp }}{{ $listen = append $listen "tcp://:5514" }}{{ end }}
{{- if $g.listen.tls }}{{ $listen = append $listen "tls://:6514" }}{{ end }}
{{- $pexip := dict "listen" $listen }}
{{- with $g.allow }}{{ $_ := set $pexip "allow" . }}{{ end }}
{{- if $g.listen.tls }}
{{- $tls := dict "cert_file" (printf "/etc/rtcship/server-tls/%s" $g.tls.certKey) "key_file" (printf "/etc/rtcship/server-tls/%s" $g.tls.keyKey) }}
{{- with $g.tls.clientCAKey }}{{ $_ := set $tls "client_ca_file" (printf "/etc/rtcship/server-tls/%s" .) }}{{ end }}
{{- $_ := set $pexip "tls" $tls }}
{{- end }}
{{- $own := dict "sora" (dict "log_dir" "") "pexip" $pexip "spool" (dict "max_bytes" $g.spool.maxBytes)
  "admin" (dict "listen" ":9464") "drain_timeout" (printf "%ds" (int $g.drainTimeoutSeconds)) }}
{{- toYaml (mustMergeOverwrite (fromYaml (include "rtcship.commonConfig" .)) $own (deepCopy $g.config)) }}
{{- end }}

{{/* What the schema cannot say. */}}
{{- define "rtcship.checkGateway" -}}
{{- $g := .Values.gateway }}
{{- if not (or $g.listen.udp $g.listen.tcp $g.listen.tls) }}
{{- fail "gateway.listen: switch at least one of udp, tcp and tls on" }}
{{- end }}
{{- if and $g.listen.tls (not $g.tls.existingSecret) }}
{{- fail "gateway.listen.tls needs gateway.tls.existingSecret, a Secret with tls.crt and tls.key" }}
{{- end }}
{{- if lt (int $g.terminationGracePeriodSeconds) (add (int $g.drainTimeoutSeconds) 5 | int) }}
{{- fail (printf "gateway.terminationGracePeriodSeconds is %d: it must be at least %d, 5 more than gateway.drainTimeoutSeconds, or the last records are cut off" (int $g.terminationGracePeriodSeconds) (add (int $g.drainTimeoutSeconds) 5 | int)) }}
{{- end }}
{{- if and $g.autoscaling.enabled (lt (int $g.autoscaling.maxReplicas) (int $g.replicas)) }}
{{- fail "gateway.autoscaling.maxReplicas is less than gateway.replicas" }}
{{- end }}
{{- end }}

{{- define "rtcship.gatewayLabels" -}}
{{ include "rtcship.labels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "rtcship.gatewaySelector" -}}
{{ include "rtcship.selectorLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{/* Ports of the Service: a list of {name, port, targetPort, protocol}. */}}
{{- define "rtcship.gatewayPorts" -}}
{{- $g := .root.Values.gateway }}
{{- if and $g.listen.udp (has .which (list "all" "udp")) }}
- {name: syslog-udp, port: {{ int $g.service.ports.syslog }}, targetPort: syslog-udp, protocol: UDP}
{{- end }}
{{- if and $g.listen.tcp (has .which (list "all" "tcp")) }}
- {name: syslog-tcp, port: {{ int $g.service.ports.syslog }}, targetPort: syslog-tcp, protocol: TCP}
{{- end }}
{{- if and $g.listen.tls (has .which (list "all" "tcp")) }}
- {name: syslog-tls, port: {{ int $g.service.ports.tls }}, targetPort: syslog-tls, protocol: TCP}
{{- end }}
{{- end }}
