{{/*
For owners of the Sora chart: add this chart as a dependency and write, in the pod template,

  initContainers:
    {{- include "rtcship.sidecar" . | nindent 4 }}
  volumes:
    {{- include "rtcship.volumes" . | nindent 4 }}

with the values of this chart under its name. With an alias: include "rtcship.sidecar" .Subcharts.ALIAS
*/}}
{{- define "rtcship.sidecar" -}}
{{- $root := include "rtcship.context" . | eq "sub" | ternary (dig "rtcship" . (default dict .Subcharts)) . -}}
{{- $s := $root.Values.sidecar -}}
{{- $logDir := $s.logDir | default "/var/log/sora" -}}
{{- $p := dict "name" $s.name "image" (include "rtcship.image" $root) "volume" $s.volume "logDir" $logDir
  "container" ($s.container | default "sora") "runAsUser" (int64 $s.runAsUser) "runAsGroup" (int64 $s.runAsGroup)
  "stateVolume" "rtcship-state" "extra" $s.extraEnv -}}
{{- if $s.subPath }}{{ $_ := set $p "subPath" (dict "subPath" $s.subPath) }}{{ end }}
{{- if $s.metrics.enabled }}
{{- $_ := set $p "adminListen" (printf ":%d" (int $s.metrics.port)) }}
{{- $_ := set $p "ports" (dict "ports" (list (dict "name" "rtcship-metrics" "containerPort" (int $s.metrics.port)))) }}
{{- else }}
{{- $_ := set $p "adminListen" (printf "127.0.0.1:%d" (int $s.metrics.port)) }}
{{- end -}}
- {{- include "rtcship.container" (dict "root" $root "gateway" false "p" $p) | nindent 2 }}
{{- end }}

{{/* The volumes that "rtcship.sidecar" mounts, apart from that of Sora's logs. */}}
{{- define "rtcship.volumes" -}}
{{- $root := include "rtcship.context" . | eq "sub" | ternary (dig "rtcship" . (default dict .Subcharts)) . -}}
- name: rtcship-state
  {{- toYaml ($root.Values.sidecar.stateVolume | default (dict "emptyDir" dict)) | nindent 2 }}
{{- include "rtcship.secretVolumes" (dict "root" $root "optional" true) }}
{{- end }}

{{/* "sub" if the templates are used from a chart that depends on this one. */}}
{{- define "rtcship.context" -}}
{{- if hasKey (default dict .Subcharts) "rtcship" }}sub
{{- else if not (and (hasKey .Values "sidecar") (hasKey .Values "injection")) }}
{{- fail "rtcship.sidecar: the chart rtcship is not an enabled dependency under that name; with an alias, include it with .Subcharts.ALIAS" }}
{{- end }}
{{- end }}
