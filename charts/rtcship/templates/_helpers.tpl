{{/* Names, labels, the image, and what both the sidecar and the gateway are told. */}}

{{- define "rtcship.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "rtcship.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "rtcship.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "rtcship.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "rtcship.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* Cluster-wide objects carry the namespace in their name, so that two releases do not meet. */}}
{{- define "rtcship.clusterName" -}}
{{- printf "%s-%s" (include "rtcship.namespace" .) (include "rtcship.fullname" .) | trunc 200 | trimSuffix "-" }}
{{- end }}

{{- define "rtcship.selectorLabels" -}}
app.kubernetes.io/name: {{ include "rtcship.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rtcship.labels" -}}
{{ include "rtcship.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: rtcship
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rtcship.image" -}}
{{- $i := .Values.image -}}
{{- $registry := (.Values.global).imageRegistry | default $i.registry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $i.repository }}
{{- if $i.digest }}@{{ $i.digest }}{{ else }}:{{ $i.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "rtcship.serviceAccountName" -}}
{{- $s := .Values.gateway.serviceAccount -}}
{{- if $s.create }}{{ $s.name | default (printf "%s-gateway" (include "rtcship.fullname" .)) }}{{ else }}{{ $s.name | default "default" }}{{ end }}
{{- end }}

{{- define "rtcship.endpoint" -}}
{{- if and (regexMatch "[@?]" .Values.export.endpoint) (not (hasPrefix "unix:" .Values.export.endpoint)) }}
{{- fail "export.endpoint holds a user, a password or a query, which everybody who may read ConfigMaps, policies or pods would see: leave it out, put the header (authorization: Basic … or Bearer …) into a Secret and name that in export.headers.existingSecret; for an address that is a secret as a whole set RTCSHIP_EXPORT_ENDPOINT by gateway.extraEnv or sidecar.extraEnv with valueFrom.secretKeyRef" }}
{{- end }}
{{- if hasPrefix "dns:" .Values.export.endpoint }}
{{- if ne .Values.export.protocol "grpc" }}
{{- fail "export.endpoint: dns:/// is for gRPC alone; with export.protocol http/protobuf write http://HOST:4318, the Service of the collectors" }}
{{- end }}
{{- if not (regexMatch "^dns://[^/]*/([^/:?#]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]+$" .Values.export.endpoint) }}
{{- fail (printf "export.endpoint is %q: a name whose addresses share the requests needs three slashes and the port of the pods, since a headless Service maps none: dns:///otel-collector-headless.monitoring:4317" .Values.export.endpoint) }}
{{- end }}
{{- end }}
{{- required "export.endpoint is not set: give the address of the OpenTelemetry Collector, for example --set export.endpoint=http://otel-collector.monitoring:4317" .Values.export.endpoint }}
{{- end }}

{{/* The port that the endpoint names or its scheme stands for; "" for a socket. */}}
{{- define "rtcship.endpointPort" -}}
{{- $endpoint := include "rtcship.endpoint" . }}
{{- if not (hasPrefix "unix:" $endpoint) }}
{{- $authority := regexReplaceAll "/.*$" (regexReplaceAll "^[a-z]+:/*" $endpoint "") "" }}
{{- $port := trimPrefix ":" (regexFind ":[0-9]+$" $authority) }}
{{- $port | default (ternary "80" "443" (hasPrefix "http://" $endpoint)) }}
{{- end }}
{{- end }}

{{/* Refuses variables that are written out and hold a password: {where, env}. */}}
{{- define "rtcship.refuseSecretEnv" -}}
{{- $where := .where }}
{{- range .env }}
{{- if regexMatch "://[^/]*@" (toString (default "" .value)) }}
{{- fail (printf "%s: the value of %s holds a user or a password: give it with valueFrom.secretKeyRef" $where .name) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The keys of rtcship's configuration that both ways have in common, as YAML. */}}
{{- define "rtcship.commonConfig" -}}
{{- $e := .Values.export -}}
export:
  endpoint: {{ include "rtcship.endpoint" . | quote }}
  protocol: {{ $e.protocol }}
  compression: {{ $e.compression }}
  {{- if $e.headers.existingSecret }}
  headers_file: /etc/rtcship/headers/{{ $e.headers.key }}
  {{- end }}
  {{- if $e.tls.existingSecret }}
  tls:
    {{- with $e.tls.caKey }}
    ca_file: /etc/rtcship/tls/{{ . }}
    {{- end }}
    {{- with $e.tls.certKey }}
    cert_file: /etc/rtcship/tls/{{ . }}
    {{- end }}
    {{- with $e.tls.keyKey }}
    key_file: /etc/rtcship/tls/{{ . }}
    {{- end }}
  {{- end }}
{{- $attributes := dict }}
{{- with .Values.resource.clusterName }}{{ $_ := set $attributes "k8s.cluster.name" . }}{{ end }}
{{- with .Values.resource.environment }}{{ $_ := set $attributes "deployment.environment.name" . }}{{ end }}
{{- $attributes = merge $attributes .Values.resource.attributes }}
{{- with $attributes }}
resource:
  attributes: {{ toJson . }}
{{- end }}
state_dir: /var/lib/rtcship
{{- end }}

{{/* Refuses, by name, what the chart sets itself. */}}
{{- define "rtcship.refuseOwnKeys" -}}
{{- $where := .where }}
{{- $config := .config }}
{{- range $key, $instead := .keys }}
{{- $at := $config }}
{{- range $part := splitList "." $key }}
{{- $at = ternary (get (default dict $at) $part) "" (kindIs "map" $at) }}
{{- end }}
{{- if not (empty $at) }}
{{- fail (printf "%s.%s: set %s instead" $where $key $instead) }}
{{- end }}
{{- end }}
{{- end }}

{{/* {path, value} of a configuration as RTCSHIP_* variables, a YAML list. Values are YAML in one line, which JSON is. */}}
{{- define "rtcship.configAsEnv" -}}
{{- $whole := list "resource.attributes" "export.headers" }}
{{- $path := .path }}
{{- range $key, $value := .value }}
{{- $at := ternary $key (printf "%s.%s" $path $key) (eq $path "") }}
{{- if and (kindIs "map" $value) (not (has $at $whole)) }}
{{- include "rtcship.configAsEnv" (dict "path" $at "value" $value) }}
{{- else }}
- name: RTCSHIP_{{ $at | replace "." "_" | upper }}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes of Secrets that hold headers and certificates for the collector. */}}
{{- define "rtcship.secretVolumes" -}}
{{- $e := .root.Values.export }}
{{- if $e.headers.existingSecret }}
- name: rtcship-headers
  secret:
    secretName: {{ $e.headers.existingSecret }}
    {{- if .optional }}
    optional: true
    {{- end }}
{{- end }}
{{- if $e.tls.existingSecret }}
- name: rtcship-tls
  secret:
    secretName: {{ $e.tls.existingSecret }}
    {{- if .optional }}
    optional: true
    {{- end }}
{{- end }}
{{- end }}
