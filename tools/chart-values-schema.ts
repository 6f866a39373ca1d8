import { controllerSettings } from '../src/config/controller-config.ts'
import { receiverSettings } from '../src/config/receiver-config.ts'
import {
  autoscalingValues,
  inboxValues,
  kafkaSinkValues,
  natsSinkValues,
  persistenceValues,
  proxyValues,
  eventAliasValues,
  quotaValues,
  serviceValues,
  tracingValues,
  trustedAuthorityValues,
} from './chart-receiver-values.ts'
import { annotations, hostPattern, labels, namespacePattern, objectName, portPattern } from './kubernetes-names.ts'
import { httpRouteValues, ingressValues, ipFamilyValues, networkPolicyValues } from './chart-network-values.ts'
import { strategy, updateStrategy } from './kubernetes-scaling.ts'
import {
  containerSecurityContext,
  extraObjects,
  globalImagePullSecrets,
  imagePullSecrets,
  podSecurityContext,
} from './kubernetes-values.ts'
import { componentValues } from './chart-component-values.ts'
import { metricsValues } from './chart-metrics-values.ts'
import { flag, number, object, oneOf, section, text, texts, type ValueSchema } from './value-schema.ts'

const imagePattern = '[A-Za-z0-9]([A-Za-z0-9._:/-]{0,250}[A-Za-z0-9])?'
/** HOST[:PORT][/PATH]: a mirror may keep several registries apart by a path. */
const registryPattern = `[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:${portPattern})?(/[a-z0-9]([a-z0-9._-]*[a-z0-9])?)*`
/** No segment is . or .., which proxies resolve. */
const pathPattern = '(/\\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,62}){0,8}/?'
const hostIgnoringCase = hostPattern.replaceAll('a-z', 'A-Za-z')

/**
 * The schema of the chart's values. Settings of the programs come from the tables that parse them, so that a typo is
 * refused before anything is installed.
 */
export function chartValuesSchema(): ValueSchema {
  return object('Values of the chart.', {
    global: section('Shared with the other charts of a parent chart, whose own values may stand here too.', {
      imageRegistry: text(
        'Takes the place of the registry in image.repository, such as registry.example.com or registry.example.com/mirror.',
        `^$|^${registryPattern}$`,
      ),
      imagePullSecrets: globalImagePullSecrets,
    }),
    baseUrl: text(
      'Public URL of the receiver as Google reaches it, https, may carry a path prefix. Required.',
      `^$|^https?://${hostIgnoringCase}(:${portPattern})?${pathPattern}$`,
    ),
    allowedHostnames: texts(
      'Host names that a GeminiWebhook may choose with endpoint.hostname, besides that of the base URL.',
      `^${hostPattern}$`,
    ),
    installationId: text(
      'Names this installation at Google. Set it with GitOps, so that a rebuilt cluster finds its webhooks again; another one in each cluster. Empty: made once and kept in a ConfigMap.',
      '^$|^[A-Za-z0-9][A-Za-z0-9._-]{7,62}$',
    ),
    addressableKinds: texts(
      'Kinds that a sink may name with ref, as GROUP/VERSION/KIND=PLURAL, such as eventing.knative.dev/v1/Broker=brokers; the controller gets the right to read their objects.',
      '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?/v[a-z0-9]+/[A-Z][A-Za-z0-9]*=[a-z][a-z0-9]*$',
    ),
    addressableNamespaces: texts(
      'Namespaces whose Services may be the address of such an object, besides its own: where Brokers receive, such as knative-eventing.',
      namespacePattern,
    ),
    allowForeignEndpoints: flag(
      'Sinks may use Services that are headless, have no selector or externalIPs, or lead to something other than pods of their namespace: whoever may write Services, Endpoints or EndpointSlices then decides which private address receives events.',
    ),
    watchNamespaces: texts(
      'Only these namespaces, with Roles in them instead of ClusterRoles. They must exist. Empty: the whole cluster.',
      namespacePattern,
    ),
    ...ipFamilyValues,
    image: object('The image of all pods.', {
      repository: text('Its registry and name.', `^${imagePattern}$`),
      tag: text("Its tag. Empty: the chart's appVersion.", '^$|^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$'),
      digest: text('sha256:...; wins over the tag.', '^$|^sha256:[0-9a-f]{64}$'),
      pullPolicy: oneOf('When the kubelet pulls.', ['Always', 'IfNotPresent', 'Never']),
    }),
    imagePullSecrets,
    commonLabels: labels(
      'On every object that the chart makes; what the chart says itself, or one object below, goes first.',
    ),
    commonAnnotations: annotations(
      'On every object that the chart makes; what is said of one object below goes first.',
    ),
    crds: object('The CustomResourceDefinitions.', {
      enabled: flag('Make the CRDs a part of the release, so that they are upgraded with it.'),
      keep: flag('Uninstalling leaves the CRDs and with them all GeminiWebhooks and GeminiRoutes.'),
      annotations: annotations(
        'On the CRDs, for tools with an annotation of their own for this: argocd.argoproj.io/sync-options: Prune=false,Delete=false',
      ),
    }),
    rbac: object('The rights of controller and receiver.', {
      create: flag('Create the roles. False: somebody else creates them.'),
      aggregatedRoles: flag(
        "Rights on GeminiWebhooks and GeminiRoutes for the cluster's own view, edit and admin roles. Not with watchNamespaces: there are no ClusterRoles then.",
      ),
    }),
    inbox: inboxValues,
    quotas: quotaValues,
    eventAliases: eventAliasValues,
    natsSinks: natsSinkValues,
    kafkaSinks: kafkaSinkValues,
    tracing: tracingValues,
    proxy: proxyValues,
    trustedCA: trustedAuthorityValues,
    podSecurityContext,
    containerSecurityContext,
    controller: object('The Deployment that calls Google.', {
      replicas: number('One is active, the others stand by.', 1, 5),
      ...componentValues(controllerSettings),
      strategy: strategy("Kubernetes' default, a rolling update."),
    }),
    receiver: object('The StatefulSet or Deployment that serves the public endpoint.', {
      replicas: number(
        'With inbox.driver sqlite each has an inbox of its own: a delivery that is repeated to another receiver is delivered again.',
        1,
        20,
      ),
      autoscaling: autoscalingValues,
      ...componentValues(receiverSettings),
      strategy: strategy('one more at a time and none fewer. With inbox.driver jetstream only.'),
      updateStrategy,
      persistence: persistenceValues,
      tls: object(
        'TLS in the receiver itself, for a load balancer that passes connections through; an ingress or a gateway must be told to speak TLS to it.',
        {
          secretName: objectName(
            'Secret of type kubernetes.io/tls; a renewed certificate is served within a minute or two, without a restart. Empty: plain HTTP.',
            'optional',
          ),
        },
      ),
      service: serviceValues,
    }),
    ingress: ingressValues,
    httpRoute: httpRouteValues,
    networkPolicy: networkPolicyValues,
    metrics: metricsValues(),
    uninstallGuard: object(
      'A Job that is run before "helm uninstall" and refuses it while something would be stranded.',
      {
        enabled: flag(
          'Run it: webhooks would stay at Google, objects would wait for a controller, or deliveries would be left in inboxes. To skip it: "helm uninstall --no-hooks".',
        ),
      },
    ),
    extraObjects,
  })
}
