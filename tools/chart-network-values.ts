import { annotations, objectName } from './kubernetes-names.ts'
import { networkPolicyPeers, parentRefs } from './kubernetes-values.ts'
import { flag, object, oneOf, type ValueSchema } from './value-schema.ts'

export const ipFamilyValues: Record<string, ValueSchema> = {
  ipFamilyPolicy: oneOf("Of all Services. Empty: the cluster's default.", [
    '',
    'SingleStack',
    'PreferDualStack',
    'RequireDualStack',
  ]),
  ipFamilies: {
    description: "Of all Services, the first one first. Empty: the cluster's default.",
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', enum: ['IPv4', 'IPv6'] },
  },
}

function ports(description: string): ValueSchema {
  return { description, type: 'array', uniqueItems: true, items: { type: 'integer', minimum: 1, maximum: 65_535 } }
}

export const ingressValues = object(
  'An Ingress for the hosts of the base URL and allowedHostnames, only for the paths that are served.',
  {
    enabled: flag('Make it.'),
    className: objectName("Empty: the cluster's default class.", 'optional'),
    annotations: annotations('On the Ingress.'),
    tlsSecretName: objectName('Secret of type kubernetes.io/tls for all hosts. Empty: no TLS section.', 'optional'),
  },
)

export const httpRouteValues = object('An HTTPRoute of the Gateway API, for the same hosts and paths.', {
  enabled: flag('Make it.'),
  annotations: annotations('On the HTTPRoute.'),
  parentRefs,
})

export const networkPolicyValues = object(
  'NetworkPolicies of controller and receiver, and of the pod of "helm test".',
  {
    enabled: flag('Make them.'),
    dnsPorts: ports('Where pods of the cluster DNS listen: 53, or 5353 on OpenShift.'),
    controllerEgressPorts: ports(
      'Ports that the controller may call besides DNS: the API server. Those of the base URL, of Google and of the proxy are added.',
    ),
    metricsFrom: networkPolicyPeers('Who may scrape 9090, as in NetworkPolicy ingress.from. Empty: everybody.'),
    receiverFrom: networkPolicyPeers(
      'Who may reach the public port, as in NetworkPolicy ingress.from. Empty: everybody.',
    ),
    receiverTo: networkPolicyPeers(
      'Where the receiver may connect besides DNS, NATS and Kafka, as in NetworkPolicy egress.to: the API server and the sinks. Empty: anywhere but where clouds hand out credentials.',
    ),
    natsTo: networkPolicyPeers(
      'Where the NATS servers are, as in NetworkPolicy egress.to. Empty: anywhere, on their ports.',
    ),
    kafkaTo: networkPolicyPeers(
      'Where the Kafka brokers are, as in NetworkPolicy egress.to. Empty: anywhere, on the ports of kafkaSinks.brokers.',
    ),
  },
)
