{{/*
A value as a CEL expression of the given type, so that the policy's container is made from the same YAML as every other.

A string that begins with "$cel:" is an expression. Maps become typed objects, which the API server checks field by field,
except those whose keys are the user's (requests, limits).
*/}}
{{- define "rtcship.cel" -}}
{{- $type := .type }}
{{- $value := .value }}
{{- if kindIs "map" $value -}}
{{- $free := has (last (splitList "." $type)) (list "requests" "limits") -}}
{{- if not $free }}{{ $type }}{{ end -}}
{ {{- range $i, $key := keys $value | sortAlpha }}
{{- if $i }}, {{ end }}
{{- if $free }}{{ toJson $key }}{{ else }}{{ $key }}{{ end }}: {{ include "rtcship.cel" (dict "type" (printf "%s.%s" $type (trimPrefix "?" $key)) "value" (get $value $key)) }}
{{- end -}} }
{{- else if kindIs "slice" $value -}}
[ {{- range $i, $item := $value }}{{ if $i }}, {{ end }}{{ include "rtcship.cel" (dict "type" $type "value" $item) }}{{ end -}} ]
{{- else if and (kindIs "string" $value) (hasPrefix "$cel:" $value) -}}
{{ trimPrefix "$cel:" $value }}
{{- else if kindIs "string" $value -}}
{{ include "rtcship.celString" $value }}
{{- else if kindIs "float64" $value -}}
{{ int64 $value }}
{{- else -}}
{{ toJson $value }}
{{- end }}
{{- end }}

{{/* JSON's escapes are CEL's, but for the slash, which toJson does not escape. */}}
{{- define "rtcship.celString" -}}
{{ toJson . }}
{{- end }}

{{/*
Variables of both policies: what the pod's annotations and its Sora container say, and in "problem" why the pod cannot be
served, or "". metadata and spec are CEL expressions for those of the pod or of a workload's template.

Whatever this lets pass, the API server and the kubelet must accept: a pod that rtcship breaks is worse than one without it.
*/}}
{{- define "rtcship.celVariables" -}}
{{- $v := .root.Values }}
{{- $s := $v.sidecar -}}
- name: annotations
  expression: "{{ .metadata }}.?annotations.orValue({})"
- name: spec
  expression: "{{ .spec }}"
- name: containerName
  expression: >-
    variables.annotations[?'rtcship.dev/container'].orValue({{ include "rtcship.celString" $s.container }})
- name: soras
  expression: >-
    variables.containerName == '' ? variables.spec.containers.filter(c, c.name == variables.spec.containers[0].name)
    : variables.spec.containers.filter(c, c.name == variables.containerName)
- name: volume
  expression: >-
    variables.annotations[?'rtcship.dev/volume'].orValue({{ include "rtcship.celString" $s.volume }})
- name: mounts
  expression: >-
    variables.soras.size() == 0 || !has(variables.soras[0].volumeMounts) ? []
    : variables.soras[0].volumeMounts.filter(m, m.name == variables.volume)
- name: volumes
  expression: >-
    has(variables.spec.volumes) ? variables.spec.volumes.map(v, v.name) : []
- name: logDir
  expression: >-
    variables.annotations[?'rtcship.dev/log-dir'].orValue(
    {{- if $s.logDir }}{{ include "rtcship.celString" $s.logDir }}
    {{- else }}variables.mounts.size() > 0 ? variables.mounts[0].mountPath : '/var/log/sora'
    {{- end }})
- name: stateVolume
  expression: >-
    variables.annotations[?'rtcship.dev/state-volume'].orValue('rtcship-state')
- name: port
  expression: >-
    variables.annotations[?'rtcship.dev/metrics-port'].orValue('{{ int $s.metrics.port }}')
- name: bareHost # on the host's network, and nobody asked for the port there
  expression: >-
    variables.spec.?hostNetwork.orValue(false) && !('rtcship.dev/metrics-port' in variables.annotations)
- name: image
  expression: >-
    variables.annotations[?'rtcship.dev/image'].orValue({{ include "rtcship.celString" (include "rtcship.image" .root) }})
- name: problem
  expression: >-
    variables.soras.size() == 0
    ? 'no container is named "' + variables.containerName + '"; set the annotation rtcship.dev/container to the name of the Sora container'
    : !(variables.volume in variables.volumes)
    ? 'the pod has no volume "' + variables.volume + '"; mount a volume on the log directory of the Sora container and set the annotation rtcship.dev/volume to its name'
    : variables.mounts.size() > 0 && has(variables.mounts[0].subPathExpr)
    ? 'the log volume is mounted with subPathExpr, which injection cannot follow; use subPath, or the named template rtcship.sidecar'
    : !variables.logDir.matches('^/[^:]+$') || variables.logDir.matches('^/(var/lib/rtcship|etc/rtcship)(/|$)')
    ? 'the annotation rtcship.dev/log-dir is "' + variables.logDir + '"; set it to an absolute path outside of /var/lib/rtcship and /etc/rtcship'
    : 'rtcship.dev/state-volume' in variables.annotations && !(variables.stateVolume in variables.volumes)
    ? 'the pod has no volume "' + variables.stateVolume + '"; set the annotation rtcship.dev/state-volume to one it has, or leave it out'
    : variables.stateVolume == variables.volume && variables.mounts.all(m, !has(m.subPath))
    ? 'the volume "' + variables.volume + '" cannot hold both the logs and the state; give rtcship a volume of its own'
    : !variables.port.matches('^[1-9][0-9]{0,4}$') || int(variables.port) > 65535
    ? 'the annotation rtcship.dev/metrics-port is "' + variables.port + '"; set it to a port'
    : !variables.image.matches('^[^\\s]+$')
    ? 'the annotation rtcship.dev/image is "' + variables.image + '"; set it to an image'
    : has(variables.spec.os) && variables.spec.os.name != 'linux'
    ? 'rtcship runs on Linux; take the label off'
    : variables.spec.containers.exists(c, c.name == {{ include "rtcship.celString" $s.name }})
    ? 'a container of the pod has the name {{ $s.name }} already; set sidecar.name of the chart rtcship to another'
    : ''
{{- end }}
