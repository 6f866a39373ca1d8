/**
 * What `kubectl apply` gets first in a sandbox, for people without a checkout: the sample of this name, word for word
 * except for what it needs, which a sandbox has.
 */
export const sampleFile = `\
# Finished batches go to a worker as CloudEvents and show up as Kubernetes Events ("kubectl describe gwh batch-events").
# The Secret and the Service that it names are in the sandbox already.
apiVersion: webhooks.gemini-operator.io/v1alpha1
kind: GeminiWebhook
metadata:
  name: batch-events
spec:
  apiKeySecretRef:
    name: gemini-api-key
  displayName: nightly batches
  events: [batch.succeeded, batch.failed, batch.expired]
  sinks:
    - name: worker
      service:
        name: batch-worker
        port: 80
        path: /events
    - name: cluster
      kubernetesEvent: {}
`
