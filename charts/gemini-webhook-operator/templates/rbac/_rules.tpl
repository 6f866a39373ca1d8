{{/* What the controller may do where GeminiWebhooks and GeminiRoutes are, and nothing else. */}}
{{- define "gwh.controllerRules" -}}
# patch: the finalizer, guarded by resourceVersion.
- apiGroups: [webhooks.gemini-operator.io]
  resources: [geminiwebhooks]
  verbs: [get, list, watch, patch]
# Routes have no finalizer: nothing outside hangs on them.
- apiGroups: [webhooks.gemini-operator.io]
  resources: [geminiroutes]
  verbs: [list, watch]
# The controller is the only writer of status, by whole replacement.
- apiGroups: [webhooks.gemini-operator.io]
  resources: [geminiwebhooks/status, geminiroutes/status]
  verbs: [update]
# API keys and sink credentials are read from, and signing secrets written to, the namespaces of the GeminiWebhooks; of GeminiRoutes, sink credentials.
# list and watch ask for metadata only.
- apiGroups: ['']
  resources: [secrets]
  verbs: [get, list, watch, create, update, patch, delete]
# Addresses of sinks, and whether they lead to pods. The watches ask for metadata only, and for no slices but those that Kubernetes does not make itself.
- apiGroups: ['']
  resources: [services]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [list, watch]
{{- range .Values.addressableKinds }}
- apiGroups: [{{ regexFind "^[^/]+" . | quote }}]
  resources: [{{ regexFind "[^=]+$" . | quote }}]
  verbs: [get]
{{- end }}
# Is the namespace terminating? And the uid of the operator's own namespace.
{{- if not .Values.watchNamespaces }}
# Their labels say which of them spec.allowedRoutes selects; the watch asks for metadata only.
{{- end }}
- apiGroups: ['']
  resources: [namespaces]
  verbs: [get{{ if not .Values.watchNamespaces }}, list, watch{{ end }}]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* What the receiver may do where GeminiWebhooks are. */}}
{{- define "gwh.receiverRules" -}}
- apiGroups: [webhooks.gemini-operator.io]
  resources: [geminiwebhooks]
  verbs: [list, watch]
{{- if not .Values.watchNamespaces }}
# Where the API servers listen, for no sink may reach them. Without it, as with roles in single namespaces, their Service is still refused.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  resourceNames: [kubernetes]
  verbs: [get]
{{- end }}
# Sinks of type kubernetesEvent.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* The role for the GeminiWebhooks and its binding: for the whole cluster, or in each watched namespace. dict: root, component, account, rules. */}}
{{- define "gwh.webhookRoles" -}}
{{- $name := printf "gwh-%s" .component }}
{{- if .root.Values.watchNamespaces }}
{{- $name = printf "gwh-%s-webhooks" .component }}
{{- end }}
{{- range $namespace := .root.Values.watchNamespaces | default (list "") }}
{{- $prefix := ternary "Cluster" "" (eq $namespace "") }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}Role
metadata:
  {{- include "gwh.metadata" (dict "root" $.root "name" $name "namespace" $namespace "component" $.component) | nindent 2 }}
rules:
  {{- $.rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $prefix }}RoleBinding
metadata:
  {{- include "gwh.metadata" (dict "root" $.root "name" $name "namespace" $namespace "component" $.component) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $prefix }}Role
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ toYaml $.account }}
    namespace: {{ toYaml $.root.Release.Namespace }}
{{- end }}
{{- end }}

{{/* dict: root, component, account. */}}
{{- define "gwh.ownRoleBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  {{- include "gwh.metadata" (dict "root" .root "name" (printf "gwh-%s" .component) "namespace" .root.Release.Namespace "component" .component) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: gwh-{{ .component }}
subjects:
  - kind: ServiceAccount
    name: {{ toYaml .account }}
    namespace: {{ toYaml .root.Release.Namespace }}
{{- end }}
