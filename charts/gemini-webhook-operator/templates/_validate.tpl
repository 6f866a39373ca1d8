{{/* Names that meet in a pod: of the chart and of extraEnv, extraVolumes and extraVolumeMounts. dict: component, workload (its manifest). */}}
{{- define "gwh.validatePod" -}}
{{- $pod := .workload.spec.template.spec -}}
{{- $container := first $pod.containers -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.extraEnv" .component) "key" "name" "items" $container.env) -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.extraVolumes" .component) "key" "name" "items" $pod.volumes) -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.extraVolumeMounts" .component) "key" "mountPath" "items" $container.volumeMounts) -}}
{{- $volumes := list -}}
{{- range $pod.volumes }}{{ $volumes = append $volumes .name }}{{ end -}}
{{- range .workload.spec.volumeClaimTemplates }}{{ $volumes = append $volumes .metadata.name }}{{ end -}}
{{- range $container.volumeMounts -}}
{{- if not (has .name $volumes) -}}
{{- fail (printf "%s.extraVolumeMounts: names the volume %s, which there is not; add it to %s.extraVolumes" $.component .name $.component) -}}
{{- end -}}
{{- end -}}
{{- range .workload.spec.volumeClaimTemplates -}}
{{- $claim := .metadata.name -}}
{{- range $pod.volumes -}}
{{- if eq .name $claim -}}
{{- fail (printf "%s.extraVolumes: %s is a volume of the chart; choose another name" $.component $claim) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* dict: value (where it is given), key, items. */}}
{{- define "gwh.refuseTwice" -}}
{{- $seen := dict -}}
{{- range .items -}}
{{- $name := get . $.key -}}
{{- if hasKey $seen $name -}}
{{- fail (printf "%s: %s %s is given twice, or is the chart's own; choose another one" $.value $.key $name) -}}
{{- end -}}
{{- $_ := set $seen $name true -}}
{{- end -}}
{{- end }}
