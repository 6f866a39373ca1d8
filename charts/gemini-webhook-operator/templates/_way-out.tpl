{{/* How pods reach what is outside the cluster, sinks excepted. Each part is a list of lines for its place in the pod; nothing where nothing is set. */}}

{{/* Settings of both roles. dict: root, settings (added to). */}}
{{- define "gwh.addWayOut" -}}
{{- $proxy := .root.Values.proxy -}}
{{- with $proxy.httpsProxy }}{{ $_ := set $.settings "httpsProxy" . }}{{ end -}}
{{- with $proxy.noProxy }}{{ $_ := set $.settings "proxyBypass" . }}{{ end -}}
{{- if $proxy.credentials.secretName -}}
{{- $_ := set .settings "proxyCredentials" (printf "/etc/gwh/proxy-credentials/%s" $proxy.credentials.key) -}}
{{- end -}}
{{- if include "gwh.caSource" .root.Values.trustedCA -}}
{{- $_ := set .settings "trustedCa" (printf "/etc/gwh/trusted-ca/%s" .root.Values.trustedCA.key) -}}
{{- end -}}
{{- end }}

{{- define "gwh.wayOutMounts" -}}
{{- if .Values.proxy.credentials.secretName }}
- {name: proxy-credentials, mountPath: /etc/gwh/proxy-credentials, readOnly: true}
{{- end }}
{{- if include "gwh.caSource" .Values.trustedCA }}
- {name: trusted-ca, mountPath: /etc/gwh/trusted-ca, readOnly: true}
{{- end }}
{{- end }}

{{- define "gwh.wayOutVolumes" -}}
{{- with .Values.proxy.credentials }}
{{- if .secretName }}
- name: proxy-credentials
  secret: {secretName: {{ quote .secretName }}, items: [{key: {{ quote .key }}, path: {{ quote .key }}}]}
{{- end }}
{{- end }}
{{- with include "gwh.caSource" .Values.trustedCA }}
- name: trusted-ca
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
