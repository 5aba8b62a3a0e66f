{{/*
The rtcship container, as YAML: the only place that says what it looks like. The sidecar of the named template, the sidecar
of the policy and the gateway are all this.

  root     the chart's context
  gateway  whether it is the gateway
  p        what differs from pod to pod: name, image, volume, subPath, logDir, container, runAsUser, runAsGroup, port, ports,
           stateVolume, extra (variables). For the policy these are CEL expressions, marked with "$cel:" (see _cel.tpl); a key
           that begins with "?" is there only if its expression has a value.

No startup probe and no readiness probe in the sidecar: Sora must neither wait for it nor leave its Service because of it.
*/}}
{{- define "rtcship.container" -}}
{{- $root := .root }}
{{- $v := $root.Values }}
{{- $p := .p }}
{{- include "rtcship.refuseSecretEnv" (dict "where" (ternary "gateway.extraEnv" "sidecar.extraEnv" .gateway) "env" $p.extra) -}}
name: {{ $p.name }}
image: {{ $p.image | quote }}
imagePullPolicy: {{ $v.image.pullPolicy }}
{{- if .gateway }}
args: ["run", "--config", "/etc/rtcship/config/rtcship.yaml"]
{{- else }}
restartPolicy: Always
args: ["run", "--stay"]
{{- end }}
{{- if or (not .gateway) $p.extra }}
env:
  {{- if not .gateway }}
  {{- include "rtcship.sidecarEnv" . | nindent 2 }}
  {{- end }}
  {{- with $p.extra }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- if $p.ports }}
{{- toYaml $p.ports | nindent 0 }}
{{- end }}
resources:
  {{- toYaml (ternary $v.gateway.resources $v.sidecar.resources .gateway) | nindent 2 }}
securityContext:
  runAsNonRoot: true
  {{- if not .gateway }}
  runAsUser: {{ $p.runAsUser | toJson }}
  runAsGroup: {{ $p.runAsGroup | toJson }}
  {{- end }}
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  seccompProfile:
    type: RuntimeDefault
terminationMessagePolicy: FallbackToLogsOnError
{{- if .gateway }}
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 5
{{- end }}
volumeMounts:
  {{- if not .gateway }}
  - name: {{ $p.volume | quote }}
    mountPath: {{ $p.logDir | quote }}
    {{- range $key, $value := $p.subPath }}
    {{ $key | quote }}: {{ $value | quote }}
    {{- end }}
    readOnly: true
  {{- else }}
  - name: config
    mountPath: /etc/rtcship/config
    readOnly: true
  {{- if $v.gateway.listen.tls }}
  - name: server-tls
    mountPath: /etc/rtcship/server-tls
    readOnly: true
  {{- end }}
  {{- end }}
  - name: {{ $p.stateVolume | quote }}
    mountPath: /var/lib/rtcship
  {{- if $v.export.headers.existingSecret }}
  - name: rtcship-headers
    mountPath: /etc/rtcship/headers
    readOnly: true
  {{- end }}
  {{- if $v.export.tls.existingSecret }}
  - name: rtcship-tls
    mountPath: /etc/rtcship/tls
    readOnly: true
  {{- end }}
  {{- if .gateway }}
  {{- with $v.gateway.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end }}

{{/* A sidecar has no configuration file, since a policy cannot bring a ConfigMap into Sora's namespace: variables say all. */}}
{{- define "rtcship.sidecarEnv" -}}
{{- $v := .root.Values }}
{{- $p := .p }}
{{- include "rtcship.refuseOwnKeys" (dict "where" "sidecar.config" "config" $v.sidecar.config "keys" (dict
  "export.endpoint" "export.endpoint" "export.protocol" "export.protocol" "export.compression" "export.compression"
  "export.headers" "export.headers.existingSecret" "export.headers_file" "export.headers.existingSecret"
  "resource.attributes" "resource.attributes" "sora.log_dir" "sidecar.logDir" "state_dir" "sidecar.stateVolume"
  "admin.listen" "sidecar.metrics")) }}
{{- $common := fromYaml (include "rtcship.commonConfig" .root) }}
{{- $config := mustMergeOverwrite $common (deepCopy $v.sidecar.config) -}}
- name: OTEL_RESOURCE_ATTRIBUTES_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: OTEL_RESOURCE_ATTRIBUTES_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: OTEL_RESOURCE_ATTRIBUTES_POD_UID
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: OTEL_RESOURCE_ATTRIBUTES_NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: OTEL_RESOURCE_ATTRIBUTES_CONTAINER_NAME
  value: {{ $p.container | quote }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: "service.namespace=$(OTEL_RESOURCE_ATTRIBUTES_NAMESPACE),\
    service.instance.id=$(OTEL_RESOURCE_ATTRIBUTES_NAMESPACE).$(OTEL_RESOURCE_ATTRIBUTES_POD_NAME).$(OTEL_RESOURCE_ATTRIBUTES_CONTAINER_NAME),\
    k8s.namespace.name=$(OTEL_RESOURCE_ATTRIBUTES_NAMESPACE),k8s.pod.name=$(OTEL_RESOURCE_ATTRIBUTES_POD_NAME),\
    k8s.pod.uid=$(OTEL_RESOURCE_ATTRIBUTES_POD_UID),k8s.node.name=$(OTEL_RESOURCE_ATTRIBUTES_NODE_NAME),\
    k8s.container.name=$(OTEL_RESOURCE_ATTRIBUTES_CONTAINER_NAME)"
- name: RTCSHIP_SORA_LOG_DIR
  value: {{ $p.logDir | quote }}
- name: RTCSHIP_ADMIN_LISTEN
  value: {{ $p.adminListen | quote }}
{{- include "rtcship.configAsEnv" (dict "path" "" "value" $config) }}
{{- end }}
