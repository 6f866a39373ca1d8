{{/* Parts of the NetworkPolicies. Argument: the root. */}}

{{/* Nothing where the ports are an empty list: DNS is then up to policies of your own. Ports are those of the pod that is reached. */}}
{{- define "gwh.dnsEgress" -}}
{{- with .Values.networkPolicy.dnsPorts }}
- ports:
    {{- range . }}
    - {protocol: UDP, port: {{ . }}}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
{{- end }}
{{- end }}

{{/* A JSON list. */}}
{{- define "gwh.controllerEgressPorts" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.controllerEgressPorts }}{{ $ports = append $ports (int .) }}{{ end -}}
{{- range list .Values.baseUrl (.Values.controller.config.googleBaseUrl | default "https://generativelanguage.googleapis.com") -}}
{{- $ports = append $ports (include "gwh.urlPort" . | int) -}}
{{- end -}}
{{- with .Values.proxy.httpsProxy }}{{ $ports = append $ports (include "gwh.urlPort" . | int) }}{{ end -}}
{{- uniq $ports | toJson -}}
{{- end }}

{{/* "helm test" gets through, however few others do. */}}
{{- define "gwh.testPeer" -}}
- podSelector:
    matchLabels:
      {{- include "gwh.selector" (dict "component" "test") | nindent 6 }}
{{- end }}
