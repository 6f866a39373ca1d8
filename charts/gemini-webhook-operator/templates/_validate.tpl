{{/* Names that meet in a pod: of the chart and of what is given for it. dict: component, workload (its manifest). */}}
{{- define "gwh.validatePod" -}}
{{- $pod := .workload.spec.template.spec -}}
{{- $component := .component -}}
{{- $volumes := list -}}
{{- range $pod.volumes }}{{ $volumes = append $volumes .name }}{{ end -}}
{{- range .workload.spec.volumeClaimTemplates }}{{ $volumes = append $volumes .metadata.name }}{{ end -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.extraVolumes" $component) "key" "name" "items" $pod.volumes) -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.hostAliases" $component) "key" "ip" "items" $pod.hostAliases) -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.extraContainers" $component) "key" "name" "items" $pod.containers) -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s.initContainers" $component) "key" "name" "items" (concat $pod.containers ($pod.initContainers | default list))) -}}
{{- include "gwh.refusePortTwice" (dict "component" $component "pod" $pod) -}}
{{- $container := first $pod.containers -}}
{{- include "gwh.validateContainer" (dict "container" $container "volumes" $volumes "component" $component "env" (printf "%s.extraEnv" $component) "mounts" (printf "%s.extraVolumeMounts" $component)) -}}
{{- range $part, $given := dict "extraContainers" (rest $pod.containers) "initContainers" ($pod.initContainers | default list) -}}
{{- range $given -}}
{{- $place := printf "%s.%s, %s" $component $part .name -}}
{{- include "gwh.validateContainer" (dict "container" . "volumes" $volumes "component" $component "place" $place "env" (printf "%s: env" $place) "mounts" (printf "%s: volumeMounts" $place)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq ($pod.dnsPolicy | default "") "None") (not ($pod.dnsConfig | default dict).nameservers) -}}
{{- fail (printf "%s.dnsPolicy: None needs %s.dnsConfig.nameservers; name one, or leave dnsPolicy out" $component $component) -}}
{{- end -}}
{{- range .workload.spec.volumeClaimTemplates -}}
{{- $claim := .metadata.name -}}
{{- range $pod.volumes -}}
{{- if eq .name $claim -}}
{{- fail (printf "%s.extraVolumes: %s is a volume of the chart; choose another name" $component $claim) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Containers of a pod have one network: the second that listens on a port ends. dict: component, pod. */}}
{{- define "gwh.refusePortTwice" -}}
{{- $owners := dict -}}
{{- range concat .pod.containers (.pod.initContainers | default list) -}}
{{- $container := . -}}
{{- if or (eq (.restartPolicy | default "") "Always") (has . $.pod.containers) -}}
{{- range .ports -}}
{{- $port := printf "%v/%s" .containerPort (.protocol | default "TCP") -}}
{{- if and (hasKey $owners $port) (ne (get $owners $port) $container.name) -}}
{{- fail (printf "%s.%s, %s: port %s is that of the container %s; choose another one" $.component (ternary "extraContainers" "initContainers" (has $container $.pod.containers)) $container.name $port (get $owners $port)) -}}
{{- end -}}
{{- $_ := set $owners $port $container.name -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* dict: container, volumes (names), component, env and mounts (where they are given); optional place (of the container). */}}
{{- define "gwh.validateContainer" -}}
{{- include "gwh.refuseTwice" (dict "value" .env "key" "name" "items" .container.env) -}}
{{- include "gwh.refuseTwice" (dict "value" .mounts "key" "mountPath" "items" .container.volumeMounts) -}}
{{- include "gwh.refuseTwice" (dict "value" (printf "%s: ports" (.place | default .component)) "key" "name" "items" .container.ports) -}}
{{- range .container.volumeMounts -}}
{{- if not (has .name $.volumes) -}}
{{- fail (printf "%s: names the volume %s, which there is not; add it to %s.extraVolumes" $.mounts .name $.component) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Rules between values that controller and receiver have alike. dict: component, part (its values). */}}
{{- define "gwh.validateComponent" -}}
{{- $budget := .part.podDisruptionBudget -}}
{{- if and (ne (toString $budget.minAvailable) "") (ne (toString $budget.maxUnavailable) "1") -}}
{{- fail (printf "%s.podDisruptionBudget: minAvailable and maxUnavailable are both given; keep one" .component) -}}
{{- end -}}
{{- $flags := dict -}}
{{- range .part.extraArgs -}}
{{- $flag := regexReplaceAll "^--(no-)?([^=]+).*" . "--$2" -}}
{{- if hasKey $flags $flag -}}
{{- fail (printf "%s.extraArgs: %s is given twice; keep one, a list with commas" $.component $flag) -}}
{{- end -}}
{{- $_ := set $flags $flag true -}}
{{- end -}}
{{- end }}

{{/* Each must be an object when its templates are filled in: a text of several, each. Argument: the root. */}}
{{- define "gwh.validateExtraObjects" -}}
{{- range $at, $extra := .Values.extraObjects -}}
{{- range $text := regexSplit "(?m)^---\\s*$" (include "gwh.extraObject" (dict "root" $ "extra" $extra)) -1 -}}
{{- if regexReplaceAll "(?m)^\\s*#.*$" $text "" | trim -}}
{{- $object := fromYaml $text -}}
{{- if not (and $object.apiVersion $object.kind (kindIs "map" $object.metadata)) -}}
{{- fail (printf "extraObjects[%d]: is no object of Kubernetes, which has apiVersion, kind and metadata%s" $at (ternary (printf ": %v" $object.Error) "" (hasKey $object "Error"))) -}}
{{- end -}}
{{- if not $object.metadata.name -}}
{{- fail (printf "extraObjects[%d]: %s has no metadata.name; Helm needs one to find it again" $at $object.kind) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Its text, templates filled in. dict: root, extra. */}}
{{- define "gwh.extraObject" -}}
{{- tpl (kindIs "string" .extra | ternary .extra (toYaml .extra)) .root -}}
{{- end }}

{{/* dict: value (where it is given), key, items. */}}
{{- define "gwh.refuseTwice" -}}
{{- $seen := dict -}}
{{- range .items -}}
{{- $name := get . $.key | toString -}}
{{- if and (hasKey . $.key) (hasKey $seen $name) -}}
{{- fail (printf "%s: %s %s is given twice, or is the chart's own; choose another one" $.value $.key $name) -}}
{{- end -}}
{{- $_ := set $seen $name true -}}
{{- end -}}
{{- end }}
