{{/* Labels of every object. Helm itself adds app.kubernetes.io/managed-by, so that what "helm template" prints is also right without Helm. */}}
{{- define "gwh.labels" -}}
app.kubernetes.io/name: gemini-webhook-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* metadata of an object. dict: root, name; optional component, namespace, labels, annotations. */}}
{{- define "gwh.metadata" -}}
name: {{ .name }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
labels:
  {{- include "gwh.labels" .root | nindent 2 }}
  {{- with .component }}
  app.kubernetes.io/component: {{ . }}
  {{- end }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What tells the pods of a component apart; never changes, selectors are immutable. */}}
{{- define "gwh.selector" -}}
app.kubernetes.io/name: gemini-webhook-operator
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "gwh.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* https://host/prefix -> /prefix, or nothing. */}}
{{- define "gwh.pathPrefix" -}}
{{- trimSuffix "/" (urlParse .Values.baseUrl).path -}}
{{- end }}

{{/* The host of the base URL without its port, and the allowed host names. A JSON list. */}}
{{- define "gwh.hostnames" -}}
{{- $own := regexReplaceAll ":[0-9]+$" (urlParse .Values.baseUrl).host "" -}}
{{- prepend .Values.allowedHostnames $own | uniq | toJson -}}
{{- end }}

{{/* One setting as the text that an environment variable carries: lists with commas, numbers without an exponent. */}}
{{- define "gwh.settingText" -}}
{{- if kindIs "slice" . -}}{{ join "," . }}
{{- else if kindIs "float64" . -}}{{ int64 . }}
{{- else -}}{{ toString . }}
{{- end -}}
{{- end }}

{{/* The variables of a role, sorted. dict: settings (by key, as in docs/reference/configuration.md). */}}
{{- define "gwh.environment" -}}
{{- range $key, $value := .settings }}
GWH_{{ $key | snakecase | upper }}: {{ include "gwh.settingText" $value | quote }}
{{- end }}
{{- end }}

{{/* 1h30m -> 5400. Rounded up. */}}
{{- define "gwh.seconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $ms := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h|d)" . -1 -}}
{{- $ms = add $ms (mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- div (add $ms 999) 1000 -}}
{{- end }}

{{/* What the program itself needs to stop, and five seconds: it ends on its own before the kubelet kills it. dict: settings, drain, grace (defaults of the program). */}}
{{- define "gwh.terminationGracePeriodSeconds" -}}
{{- $drain := include "gwh.seconds" (get .settings "drain" | default .drain) | int -}}
{{- $grace := include "gwh.seconds" (get .settings "shutdownGrace" | default .grace) | int -}}
{{- add $drain $grace 10 5 -}}
{{- end }}

{{- define "gwh.topologySpread" -}}
{{- $selector := include "gwh.selector" . | fromYaml -}}
{{- range .constraints }}
- {{ merge (dict "labelSelector" (dict "matchLabels" $selector)) . | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}

{{- define "gwh.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The parts of a pod that both components have. dict: root, part (values of the component). */}}
{{- define "gwh.scheduling" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .part.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "gwh.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}
