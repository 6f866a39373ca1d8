{{/* The pod of a receiver, the same in the StatefulSet and in the Deployment but for where its inbox is. Argument: the root. */}}
{{- define "gwh.receiverPod" -}}
{{- $part := .Values.receiver }}
{{- $shards := 16 }}
{{- $ownInbox := eq .Values.inbox.driver "sqlite" }}
{{- $nats := .Values.inbox.jetstream }}
{{- $natsSinks := .Values.natsSinks }}
{{- $kafkaSinks := .Values.kafkaSinks }}
metadata:
  labels:
    {{- include "gwh.labels" (dict "root" . "component" "receiver" "labels" $part.podLabels) | nindent 4 }}
  annotations:
    {{- include "gwh.podAnnotations" (dict "root" . "component" "receiver" "part" $part "settings" "/receiver/configmap.yaml") | nindent 4 }}
spec:
  serviceAccountName: {{ toYaml $part.serviceAccount.name }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  # Drain, then open requests and attempts, then the last report and closing the inbox.
  terminationGracePeriodSeconds: {{ include "gwh.terminationGracePeriodSeconds" (dict "settings" $part.config "drain" "15s" "grace" "10s") }}
  {{- with .Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "gwh.scheduling" (dict "root" . "part" $part) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $part.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- include "gwh.topologySpread" (dict "component" "receiver" "constraints" .) | trim | nindent 4 }}
  {{- end }}
  {{- with $part.initContainers }}
  initContainers:
    {{- include "gwh.containers" . | trim | nindent 4 }}
  {{- end }}
  containers:
    - name: receiver
      image: {{ include "gwh.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - receiver
        {{- with $part.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      env:
        - name: GWH_NAMESPACE
          valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
        - name: GWH_POD_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        {{- if $ownInbox }}
        - {name: GWH_DATA_DIR, value: /var/lib/gwh}
        {{- end }}
        - {name: GWH_KEYRING_DIR, value: /etc/gwh/keyring}
        {{- with .Values.tracing.headers }}
        {{- if .secretName }}
        # Read by the exporter of OpenTelemetry itself.
        - name: OTEL_EXPORTER_OTLP_HEADERS
          valueFrom: {secretKeyRef: {name: {{ quote .secretName }}, key: {{ quote .key }}}}
        {{- end }}
        {{- end }}
        {{- with $part.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      envFrom:
        - configMapRef: {name: gwh-receiver}
      ports:
        - {name: http, containerPort: 8080}
        - {name: health, containerPort: 9090}
      {{- include "gwh.probes" $part | nindent 6 }}
      {{- with .Values.containerSecurityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $part.resources }}
      resources:
        {{- include "gwh.resources" . | nindent 8 }}
      {{- end }}
      volumeMounts:
        {{- if $ownInbox }}
        - {name: inbox, mountPath: /var/lib/gwh}
        - {name: tmp, mountPath: /tmp}
        {{- end }}
        {{- if $part.tls.secretName }}
        - {name: tls, mountPath: {{ include "gwh.tlsDir" . }}, readOnly: true}
        {{- end }}
        {{- if $nats.credentials.secretName }}
        - {name: nats-credentials, mountPath: {{ include "gwh.natsCredentialsDir" . }}, readOnly: true}
        {{- end }}
        {{- if include "gwh.caSource" $nats.ca }}
        - {name: nats-ca, mountPath: {{ include "gwh.natsCaDir" . }}, readOnly: true}
        {{- end }}
        {{- if $natsSinks.credentials.secretName }}
        - {name: nats-sink-credentials, mountPath: {{ include "gwh.natsSinkCredentialsDir" . }}, readOnly: true}
        {{- end }}
        {{- if include "gwh.caSource" $natsSinks.ca }}
        - {name: nats-sink-ca, mountPath: {{ include "gwh.natsSinkCaDir" . }}, readOnly: true}
        {{- end }}
        {{- if include "gwh.caSource" $kafkaSinks.ca }}
        - {name: kafka-sink-ca, mountPath: {{ include "gwh.kafkaSinkCaDir" . }}, readOnly: true}
        {{- end }}
        {{- if $kafkaSinks.clientCertificate.secretName }}
        - {name: kafka-sink-certificate, mountPath: {{ include "gwh.kafkaSinkCertificateDir" . }}, readOnly: true}
        {{- end }}
        {{- if $kafkaSinks.sasl.password.secretName }}
        - {name: kafka-sink-password, mountPath: {{ include "gwh.kafkaSinkPasswordDir" . }}, readOnly: true}
        {{- end }}
        {{- range $shard := until $shards }}
        - {name: keyring-{{ $shard }}, mountPath: /etc/gwh/keyring/gwh-keyring-{{ $shard }}, readOnly: true}
        {{- end }}
        {{- with include "gwh.wayOutMounts" . | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $part.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with $part.extraContainers }}
    {{- include "gwh.containers" . | trim | nindent 4 }}
    {{- end }}
  volumes:
    {{- if $ownInbox }}
    # SQLite sorts large results in temporary files.
    - name: tmp
      emptyDir: {sizeLimit: 256Mi}
    {{- end }}
    {{- with $part.tls.secretName }}
    # Read again when it changes.
    - name: tls
      secret: {secretName: {{ quote . }}, items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]}
    {{- end }}
    {{- with $nats.credentials.secretName }}
    - name: nats-credentials
      secret: {secretName: {{ quote . }}, items: [{key: {{ quote $nats.credentials.key }}, path: {{ quote $nats.credentials.key }}}]}
    {{- end }}
    {{- with include "gwh.caSource" $nats.ca }}
    - name: nats-ca
      {{- . | nindent 6 }}
    {{- end }}
    {{- with $natsSinks.credentials.secretName }}
    - name: nats-sink-credentials
      secret: {secretName: {{ quote . }}, items: [{key: {{ quote $natsSinks.credentials.key }}, path: {{ quote $natsSinks.credentials.key }}}]}
    {{- end }}
    {{- with include "gwh.caSource" $natsSinks.ca }}
    - name: nats-sink-ca
      {{- . | nindent 6 }}
    {{- end }}
    {{- with include "gwh.caSource" $kafkaSinks.ca }}
    - name: kafka-sink-ca
      {{- . | nindent 6 }}
    {{- end }}
    {{- with $kafkaSinks.clientCertificate.secretName }}
    - name: kafka-sink-certificate
      secret: {secretName: {{ quote . }}, items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]}
    {{- end }}
    {{- with $kafkaSinks.sasl.password.secretName }}
    - name: kafka-sink-password
      secret: {secretName: {{ quote . }}, items: [{key: {{ quote $kafkaSinks.sasl.password.key }}, path: {{ quote $kafkaSinks.sasl.password.key }}}]}
    {{- end }}
    # A receiver starts and serves from these while the API server is away. They appear when the controller first writes them.
    {{- range $shard := until $shards }}
    - name: keyring-{{ $shard }}
      secret: {secretName: gwh-keyring-{{ $shard }}, optional: true}
    {{- end }}
    {{- with include "gwh.wayOutVolumes" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $part.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{- define "gwh.tlsDir" -}}/etc/gwh/tls{{- end }}
{{- define "gwh.natsCredentialsDir" -}}/etc/gwh/nats-credentials{{- end }}
{{- define "gwh.natsCaDir" -}}/etc/gwh/nats-ca{{- end }}
{{- define "gwh.natsSinkCredentialsDir" -}}/etc/gwh/nats-sink-credentials{{- end }}
{{- define "gwh.natsSinkCaDir" -}}/etc/gwh/nats-sink-ca{{- end }}
{{- define "gwh.kafkaSinkCaDir" -}}/etc/gwh/kafka-sink-ca{{- end }}
{{- define "gwh.kafkaSinkCertificateDir" -}}/etc/gwh/kafka-sink-certificate{{- end }}
{{- define "gwh.kafkaSinkPasswordDir" -}}/etc/gwh/kafka-sink-password{{- end }}

{{/* The volume with authorities of servers; nothing where the system's are trusted. Argument: secretName, configMapName, key. */}}
{{- define "gwh.caSource" -}}
{{- $items := printf "[{key: %q, path: %q}]" .key .key -}}
{{- if .secretName -}}
secret: {secretName: {{ quote .secretName }}, items: {{ $items }}}
{{- else if .configMapName -}}
configMap: {name: {{ quote .configMapName }}, items: {{ $items }}}
{{- end -}}
{{- end }}

{{/* Ports of NATS servers, from their URLs. A JSON list. */}}
{{- define "gwh.natsPorts" -}}
{{- $ports := list -}}
{{- range . -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (regexFind ":[0-9]+$" .) | default "4222" | int) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end }}

{{/* Ports of Kafka brokers, from HOST:PORT. A JSON list. */}}
{{- define "gwh.kafkaPorts" -}}
{{- $ports := list -}}
{{- range . -}}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end }}
