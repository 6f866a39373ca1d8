import type { Reason } from '../src/api/reasons.ts'

/** What the page of conditions says of a reason beyond its meaning and its remedy. */
interface ReasonCommands {
  /** Shell lines with which somebody looks at it; NAMESPACE and NAME are those of the object. */
  readonly look: readonly string[]
  /**
   * How it ends. `condition`: the condition that has the reason becomes True; `absent`: the condition disappears;
   * `ready`: the object becomes Ready; `gone`: the object is gone; `wished`: nothing is wrong, the spec asks for it.
   */
  readonly ends: 'condition' | 'absent' | 'ready' | 'gone' | 'wished'
}

const ofWebhook = 'geminiwebhook NAME --namespace NAMESPACE'
const ofRoute = 'geminiroute NAME --namespace NAMESPACE'
const describe = `kubectl describe ${ofWebhook}`
const specOf = (path: string, object: string = ofWebhook) => `kubectl get ${object} --output jsonpath='{.spec.${path}}'`
const statusOf = (path: string, object: string = ofWebhook) =>
  `kubectl get ${object} --output jsonpath='{.status.${path}}'`
const chain = 'gwh status NAMESPACE/NAME'
const chainOfRoute = 'gwh status NAMESPACE/groute/NAME'
/** With requests to the endpoint: each link on the way, as far as it can be seen from where the command runs. */
const probe = 'gwh doctor NAMESPACE/NAME'
const inOperator = (rest: string) => `kubectl --namespace gemini-webhook-system ${rest}`
const controllerLog = inOperator('logs --selector=app.kubernetes.io/component=controller --since=1h --tail=-1 --prefix')
const receiverLog = inOperator('logs --selector=app.kubernetes.io/component=receiver --since=1h --tail=-1 --prefix')
const keySecret = `${specOf('apiKeySecretRef')} && kubectl get secrets --namespace NAMESPACE`
const webhooksOfKey = 'gwh import NAMESPACE/SECRET'
const signingSecret = 'kubectl get secret NAME-signing-secret --namespace NAMESPACE --show-managed-fields --output yaml'
const sinks = statusOf('sinks')
const installation = inOperator('get configmap gwh-installation --output yaml')

/**
 * For each reason that a condition can have, what to look at and how to see that it is over. The compiler asks for an
 * entry when a reason is new; a test of the docs judges every line.
 */
export const reasonCommands: Readonly<Record<Reason, ReasonCommands>> = {
  Succeeded: { look: [chain], ends: 'wished' },
  Progressing: { look: [chain, controllerLog], ends: 'ready' },
  ProgressingWithRetry: { look: [chain, controllerLog], ends: 'ready' },
  Attached: { look: [chainOfRoute], ends: 'wished' },
  NotAllowed: {
    look: [
      specOf('allowedRoutes', 'geminiwebhook WEBHOOK --namespace NAMESPACE-OF-WEBHOOK'),
      'kubectl get namespace NAMESPACE --show-labels',
    ],
    ends: 'condition',
  },
  WebhookNotFound: {
    look: [specOf('webhookRef', ofRoute), 'kubectl get geminiwebhooks --all-namespaces'],
    ends: 'condition',
  },
  WebhookNotServing: {
    look: [statusOf('webhook', ofRoute), 'gwh status NAMESPACE-OF-WEBHOOK/WEBHOOK'],
    ends: 'condition',
  },
  TooManyRoutes: {
    look: [
      statusOf('routes', 'geminiwebhook WEBHOOK --namespace NAMESPACE-OF-WEBHOOK'),
      'kubectl get geminiroutes --all-namespaces --sort-by=.metadata.creationTimestamp',
    ],
    ends: 'condition',
  },
  Suspended: {
    look: [
      'kubectl get geminiwebhooks,geminiroutes --all-namespaces --output custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name,SUSPENDED:.spec.suspend',
    ],
    ends: 'ready',
  },
  Deleting: {
    look: [`kubectl get ${ofWebhook} --output jsonpath='{.metadata.deletionTimestamp} {.metadata.finalizers}'`],
    ends: 'gone',
  },
  InvalidSpec: { look: [describe, `kubectl get ${ofWebhook} --output yaml | gwh validate -`], ends: 'condition' },
  SecretNotFound: { look: [keySecret], ends: 'condition' },
  SecretKeyMissing: {
    look: [
      specOf('apiKeySecretRef'),
      'kubectl describe secret SECRET --namespace NAMESPACE # the names of its keys and their sizes, no value',
    ],
    ends: 'condition',
  },
  CredentialsRejected: { look: [describe, webhooksOfKey], ends: 'condition' },
  ProjectChanged: { look: [describe, 'gwh orphans'], ends: 'condition' },
  RemoteRejected: { look: [describe, controllerLog], ends: 'condition' },
  RemoteUnavailable: { look: ['gwh doctor', controllerLog], ends: 'condition' },
  RateLimited: { look: [describe, controllerLog], ends: 'condition' },
  CreateIncomplete: { look: [statusOf('operation')], ends: 'condition' },
  RotationInProgress: { look: [statusOf('operation'), statusOf('rotation')], ends: 'condition' },
  RotationBlocked: { look: [specOf('rotation'), describe], ends: 'absent' },
  MetadataNotAllowed: {
    look: [specOf('signingSecret'), inOperator("get configmap gwh-controller --output jsonpath='{.data}'")],
    ends: 'absent',
  },
  BackfillRequestRefused: { look: [specOf('backfill'), statusOf('backfill')], ends: 'absent' },
  OtherNamespaces: { look: [webhooksOfKey], ends: 'absent' },
  Missing: { look: [statusOf('webhook'), webhooksOfKey], ends: 'condition' },
  Repairing: { look: [signingSecret], ends: 'condition' },
  SecretContested: { look: [signingSecret, statusOf('signingSecret')], ends: 'condition' },
  SecretNameTaken: { look: [signingSecret], ends: 'condition' },
  RefusedByAPIServer: {
    look: [
      describe,
      'kubectl auth can-i update secrets --namespace NAMESPACE --as system:serviceaccount:gemini-webhook-system:gwh-controller',
      'kubectl get resourcequotas,validatingadmissionpolicies,validatingwebhookconfigurations --namespace NAMESPACE',
    ],
    ends: 'condition',
  },
  OwnedByAnotherInstallation: { look: [installation, webhooksOfKey], ends: 'condition' },
  InstallationUnconfirmed: { look: [installation], ends: 'condition' },
  MarkerNotEchoed: { look: [statusOf('webhook'), webhooksOfKey], ends: 'condition' },
  CRDOutdated: {
    look: ['kubectl diff --server-side --filename crds', 'gwh version'],
    ends: 'ready',
  },
  ExternalIDInUse: {
    look: [
      'kubectl get geminiwebhooks --all-namespaces --output custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,EXTERNAL-ID:.spec.externalID,ID:.status.webhook.id',
      `${controllerLog} | grep webhook.yielded_claim`,
    ],
    ends: 'condition',
  },
  ExternalIDNotFound: { look: [specOf('externalID'), webhooksOfKey], ends: 'condition' },
  AdoptionRefused: { look: [specOf('adoptionPolicy'), webhooksOfKey], ends: 'condition' },
  NotRequired: { look: [specOf('events')], ends: 'wished' },
  Drifted: { look: [specOf('driftPolicy'), describe], ends: 'condition' },
  UpdatePending: { look: [chain], ends: 'condition' },
  RolloutPending: {
    look: ['kubectl get geminiwebhooks --all-namespaces --output wide', describe],
    ends: 'condition',
  },
  DisabledBySpec: { look: [specOf('state')], ends: 'wished' },
  DisabledByGoogle: { look: [probe, statusOf('webhook'), statusOf('gap'), receiverLog], ends: 'condition' },
  NotChecked: { look: [specOf('endpointCheck')], ends: 'wished' },
  CheckPending: { look: [statusOf('check'), 'gwh ping NAMESPACE/NAME'], ends: 'condition' },
  NeverArrived: { look: [probe, receiverLog], ends: 'condition' },
  NameNotResolved: { look: [probe, statusOf('endpoint.url')], ends: 'condition' },
  TLSFailed: { look: [probe, 'openssl s_client -connect hooks.example.com:443 -brief </dev/null'], ends: 'condition' },
  ConnectionFailed: { look: [probe, inOperator('get services,ingresses,endpointslices')], ends: 'condition' },
  WrongAnswer: { look: [probe, inOperator('describe ingress'), receiverLog], ends: 'condition' },
  ExternalEndpoint: { look: [specOf('endpoint.url')], ends: 'wished' },
  SinkInvalid: { look: [sinks, 'kubectl get services,secrets --namespace NAMESPACE'], ends: 'condition' },
  SinkNotReady: { look: [sinks, 'kubectl get services,endpointslices --namespace NAMESPACE'], ends: 'condition' },
  SinkUnsupported: {
    look: [sinks, inOperator("get configmap gwh-controller --output jsonpath='{.data}'")],
    ends: 'condition',
  },
  CredentialsTooLarge: { look: [sinks, 'kubectl describe secrets --namespace NAMESPACE'], ends: 'condition' },
  KeyringFull: {
    look: [
      inOperator(`get secrets --output jsonpath='{range .items[*]}{.metadata.name}{"\\n"}{end}' | grep gwh-keyring`),
      'kubectl get geminiwebhooks,geminiroutes --namespace NAMESPACE',
    ],
    ends: 'condition',
  },
  ReceiversAway: { look: [statusOf('gap'), 'gwh doctor', receiverLog], ends: 'condition' },
  Backfilled: { look: [statusOf('gap'), statusOf('backfill')], ends: 'wished' },
  SinkFailing: { look: [sinks, 'gwh deliveries --webhook=NAMESPACE/NAME'], ends: 'condition' },
  NotReported: {
    look: [inOperator('get pods --output wide'), inOperator('get configmaps gwh-receiver-reports-0'), receiverLog],
    ends: 'condition',
  },
  BoundReached: {
    look: ['gwh inbox --webhook=NAMESPACE/NAME', 'gwh deadletters --webhook=NAMESPACE/NAME'],
    ends: 'absent',
  },
  ShareUsedUp: {
    look: ['gwh inbox --webhook=NAMESPACE/groute/NAME', statusOf('sinks', ofRoute)],
    ends: 'absent',
  },
  DeletionBlocked: { look: [describe, keySecret], ends: 'gone' },
}
