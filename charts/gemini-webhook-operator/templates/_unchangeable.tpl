{{/* Fails where a claim template is not what is wanted now. dict: claim (as the API server has it), wanted (receiver.persistence). */}}
{{- define "gwh.compareClaim" -}}
{{- $spec := .claim.spec -}}
{{- $was := dict "size" $spec.resources.requests.storage "accessMode" (join "," $spec.accessModes) "storageClassName" ($spec.storageClassName | default "") "annotations" (.claim.metadata.annotations | default dict | toJson) -}}
{{- $now := dict "size" .wanted.size "accessMode" .wanted.accessMode "storageClassName" .wanted.storageClassName "annotations" (.wanted.annotations | default dict | toJson) -}}
{{- range $field := list "size" "accessMode" "storageClassName" "annotations" -}}
{{- $before := get $was $field -}}
{{- $after := get $now $field -}}
{{- $same := eq $before $after -}}
{{- if eq $field "size" }}{{ $same = eq (include "gwh.mebibytes" $before) (include "gwh.mebibytes" $after) }}{{ end -}}
{{- if not $same -}}
{{- fail (printf "receiver.persistence.%s: the volumes of StatefulSet gwh-receiver were made with %q, and Kubernetes lets nobody change that to %q in place. docs/install.md, \"What cannot be changed in place\", has the three commands that do it without losing an event; or give the value that was. Nothing was changed" $field $before $after) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* 2Gi -> 2048; what is in other units stays as it is. */}}
{{- define "gwh.mebibytes" -}}
{{- $units := dict "Mi" 1 "Gi" 1024 "Ti" 1048576 -}}
{{- $unit := regexFind "[A-Za-z]*$" . -}}
{{- if hasKey $units $unit }}{{ mul (regexFind "^[0-9]+" . | int64) (get $units $unit) }}{{ else }}{{ . }}{{ end -}}
{{- end }}
