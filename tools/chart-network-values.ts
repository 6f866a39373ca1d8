import { annotations, objectName } from './kubernetes-names.ts'
import { networkPolicyPeers, parentRefs } from './kubernetes-values.ts'
import { flag, object, oneOf, type ValueSchema } from './value-schema.ts'

export const ipFamilyValues: Record<string, ValueSchema> = {
  ipFamilyPolicy: oneOf("For all Services. Empty: the cluster's default.", [
    '',
    'SingleStack',
    'PreferDualStack',
    'RequireDualStack',
  ]),
  ipFamilies: {
    description:
      "For all Services, the first one first: [IPv6, IPv4]. Empty: the cluster's default. The first cannot be changed later: docs/install.md.",
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', enum: ['IPv4', 'IPv6'] },
  },
}

function ports(description: string): ValueSchema {
  return { description, type: 'array', uniqueItems: true, items: { type: 'integer', minimum: 1, maximum: 65_535 } }
}

export const ingressValues = object(
  'An Ingress for the host of the base URL and the allowed host names, only for the paths that the receiver serves.',
  {
    enabled: flag('Make an Ingress.'),
    className: objectName("Empty: the cluster's default class.", 'optional'),
    annotations: annotations('On the Ingress.'),
    tlsSecretName: objectName(
      'Secret of type kubernetes.io/tls for all hosts. Empty: no TLS section, for controllers with a certificate of their own.',
      'optional',
    ),
  },
)

export const httpRouteValues = object('An HTTPRoute of the Gateway API, for the same hosts and paths.', {
  enabled: flag('Make an HTTPRoute.'),
  annotations: annotations('On the HTTPRoute.'),
  parentRefs,
})

export const networkPolicyValues = object(
  'NetworkPolicies of controller and receiver, and of the pod of "helm test".',
  {
    enabled: flag('Make the NetworkPolicies.'),
    dnsPorts: ports('Where pods of the cluster DNS listen, which is what policies judge by: 53, or 5353 on OpenShift.'),
    controllerEgressPorts: ports(
      'Ports that the controller may call besides DNS: where the API server itself listens, 6443 mostly, 8443 with minikube, 16443 with microk8s. Those of the base URL, of Google and of the proxy are added.',
    ),
    controllerTo: networkPolicyPeers(
      'Where the controller may call these ports, as in NetworkPolicy egress.to: the API server, the base URL and Google or the proxy must be among it. Empty: anywhere.',
    ),
    metricsFrom: networkPolicyPeers('Who may scrape 9090, as in NetworkPolicy ingress.from. Empty: everybody.'),
    receiverFrom: networkPolicyPeers(
      'Who may reach the public port, as in NetworkPolicy ingress.from. Empty: everybody.',
    ),
    receiverTo: networkPolicyPeers(
      'Where the receiver may connect besides DNS, NATS and Kafka, as in NetworkPolicy egress.to: the API server and the sinks must be included. Empty: anywhere except the metadata addresses of clouds.',
    ),
    natsTo: networkPolicyPeers(
      'Where the NATS servers are, as in NetworkPolicy egress.to. Empty: anywhere, on their ports.',
    ),
    kafkaTo: networkPolicyPeers(
      'Where the Kafka brokers are, as in NetworkPolicy egress.to. Empty: anywhere, on the ports of kafkaSinks.brokers, which the other brokers must have too.',
    ),
  },
)
