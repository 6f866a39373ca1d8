{{/* One map out of a list of maps, each key once: later maps win, also with an empty text. */}}
{{- define "gwh.overlaid" -}}
{{- $all := dict -}}
{{- range . }}{{ range $key, $value := . }}{{ $_ := set $all $key $value }}{{ end }}{{ end -}}
{{- toYaml $all -}}
{{- end }}

{{/* Labels of an object or a pod: common ones, its own, and over all what the chart relies on. Helm itself adds app.kubernetes.io/managed-by, so that what
"helm template" prints is also right without Helm. dict: root; optional component, labels. */}}
{{- define "gwh.labels" -}}
{{- $fixed := dict "app.kubernetes.io/name" "gemini-webhook-operator" "app.kubernetes.io/instance" .root.Release.Name "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- with .component }}{{ $_ := set $fixed "app.kubernetes.io/component" . }}{{ end -}}
{{- include "gwh.overlaid" (list .root.Values.commonLabels .labels $fixed) -}}
{{- end }}

{{/* metadata of an object. dict: root, name; optional component, namespace, labels, annotations. */}}
{{- define "gwh.metadata" -}}
name: {{ toYaml .name }}
{{- with .namespace }}
namespace: {{ toYaml . }}
{{- end }}
labels:
  {{- include "gwh.labels" . | nindent 2 }}
{{- with include "gwh.overlaid" (list .root.Values.commonAnnotations .annotations) | fromYaml }}
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
{{- $repository := $image.repository -}}
{{- with (.Values.global).imageRegistry -}}
{{- $repository = printf "%s/%s" . (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") -}}
{{- end -}}
{{- if $image.digest -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* Secrets for the registry, those of parent charts by their names alone too, each once. A YAML list, or nothing. Argument: the root. */}}
{{- define "gwh.imagePullSecrets" -}}
{{- $all := list -}}
{{- range concat (.Values.imagePullSecrets | default list) ((.Values.global).imagePullSecrets | default list) -}}
{{- $all = append $all (ternary . (dict "name" .) (kindIs "map" .)) -}}
{{- end -}}
{{- with uniq $all }}{{ toYaml . }}{{ end -}}
{{- end }}

{{/* Annotations of a pod. dict: root, part (values of the component), component, settings (path of the template with its settings). */}}
{{- define "gwh.podAnnotations" -}}
{{- $default := dict "kubectl.kubernetes.io/default-container" .component -}}
{{- $checksum := include (print .root.Template.BasePath .settings) .root | sha256sum -}}
{{- $fixed := dict "webhooks.gemini-operator.io/settings-checksum" $checksum -}}
{{- include "gwh.overlaid" (list $default .root.Values.commonAnnotations .part.podAnnotations $fixed) -}}
{{- end }}

{{/* https://host/prefix -> /prefix, or nothing. */}}
{{- define "gwh.pathPrefix" -}}
{{- trimSuffix "/" (urlParse .Values.baseUrl).path -}}
{{- end }}

{{/* What of it the receiver sees: an ingress may cut it off, and then the receiver was told so. */}}
{{- define "gwh.receiverPathPrefix" -}}
{{- get .Values.receiver.config "pathPrefix" | default (ternary "" (include "gwh.pathPrefix" .) (hasKey .Values.receiver.config "pathPrefix")) -}}
{{- end }}

{{/* The host of the base URL without its port, and the allowed host names. A JSON list. */}}
{{- define "gwh.hostnames" -}}
{{- $own := regexReplaceAll ":[0-9]+$" (urlParse .Values.baseUrl).host "" | lower -}}
{{- prepend (.Values.allowedHostnames | default list) $own | uniq | toJson -}}
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

{{/* The setting quotas, its entries with commas; nothing where all namespaces are alike. */}}
{{- define "gwh.quotas" -}}
{{- $default := .Values.quotas.default -}}
{{- $all := list -}}
{{- if or (ne (int $default.weight) 1) (ne $default.maxShare "100%") -}}
{{- $all = append $all (printf "*=%d:%s" (int $default.weight) $default.maxShare) -}}
{{- end -}}
{{- range $namespace, $quota := .Values.quotas.namespaces -}}
{{- $all = append $all (printf "%s=%d:%s" $namespace (get $quota "weight" | default $default.weight | int) (get $quota "maxShare" | default $default.maxShare)) -}}
{{- end -}}
{{- join "," $all -}}
{{- end }}

{{/* The setting eventAliases, its entries with commas; nothing where there are none. */}}
{{- define "gwh.eventAliases" -}}
{{- $all := list -}}
{{- range $alias, $known := .Values.eventAliases -}}
{{- $all = append $all (printf "%s=%s" $alias $known) -}}
{{- end -}}
{{- join "," $all -}}
{{- end }}

{{/* 1h30m -> 5400. Rounded up. */}}
{{- define "gwh.seconds" -}}
{{- div (add (include "gwh.milliseconds" . | int64) 999) 1000 -}}
{{- end }}

{{- define "gwh.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- $ms := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h|d)" . -1 -}}
{{- $ms = add $ms (mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- $ms -}}
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

{{/* Requests and limits with all quantities as texts, which is what the schemas of Kubernetes say. */}}
{{- define "gwh.resources" -}}
{{- $all := dict -}}
{{- range $kind, $amounts := . -}}
{{- $texts := dict -}}
{{- range $name, $amount := $amounts }}{{ $_ := set $texts $name (include "gwh.quantity" $amount) }}{{ end -}}
{{- $_ := set $all $kind $texts -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}

{{- define "gwh.quantity" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ toString . }}{{ end -}}
{{- end }}

{{/* The port of an http or https URL. */}}
{{- define "gwh.urlPort" -}}
{{- $authority := regexFind "^https?://[^/]+" . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $authority) | default (ternary "80" "443" (hasPrefix "http:" $authority)) -}}
{{- end }}

{{/* Address families of a Service. dict: root, service (values that go before those of all Services). */}}
{{- define "gwh.ipFamilies" -}}
{{- with .service.ipFamilyPolicy | default .root.Values.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .service.ipFamilies | default .root.Values.ipFamilies }}
ipFamilies: [{{ join ", " . }}]
{{- end }}
{{- end }}

{{/* Containers that are given whole, their quantities as texts. Argument: the list. */}}
{{- define "gwh.containers" -}}
{{- range . }}
{{- $container := deepCopy . }}
{{- with .resources }}{{ $_ := set $container "resources" (include "gwh.resources" . | fromYaml) }}{{ end }}
- {{ toYaml $container | nindent 2 | trim }}
{{- end }}
{{- end }}

{{/* The parts of a pod that both components have. dict: root, part (values of the component). */}}
{{- define "gwh.scheduling" -}}
{{- with include "gwh.imagePullSecrets" .root }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
{{- with .part.priorityClassName }}
priorityClassName: {{ toYaml . }}
{{- end }}
{{- with .part.runtimeClassName }}
runtimeClassName: {{ toYaml . }}
{{- end }}
{{- with .part.schedulerName }}
schedulerName: {{ toYaml . }}
{{- end }}
{{- with .part.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .part.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .part.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
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

{{/* Argument: the values of the component, whose times go before ours. */}}
{{- define "gwh.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: health}
  {{- include "gwh.overlaid" (list (dict "periodSeconds" 1 "failureThreshold" 60) .startupProbe) | nindent 2 }}
livenessProbe:
  httpGet: {path: /healthz, port: health}
  {{- include "gwh.overlaid" (list (dict "periodSeconds" 10 "timeoutSeconds" 5) .livenessProbe) | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: health}
  {{- include "gwh.overlaid" (list (dict "periodSeconds" 5 "timeoutSeconds" 3) .readinessProbe) | nindent 2 }}
{{- end }}

{{/* The ConfigMaps that receivers report into; the last one is of older versions, whose receivers or controller may run during an upgrade. */}}
{{- define "gwh.reportConfigMaps" -}}
{{- range until 16 }}
- gwh-receiver-reports-{{ . }}
{{- end }}
- gwh-receiver-reports
{{- end }}
