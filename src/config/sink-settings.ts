import { boolean, cidrList, integer, optionalText, textList } from './setting-types.ts'
import { natsUrls } from './shared-settings.ts'

/** How the receiver delivers to sinks. */
export const sinkSettings = {
  maxInFlight: integer({
    group: 'Sinks',
    help: 'Deliveries to sinks at the same time, over all sinks.',
    min: 1,
    max: 10_000,
    default: '256',
  }),
  natsSinkUrl: textList({
    group: 'Sinks',
    help: 'Servers of one NATS cluster for NATS sinks, on a connection of their own; tls:// requires encryption.',
    ...natsUrls,
  }),
  natsSinkCredentials: optionalText({
    group: 'Sinks',
    help: 'A mounted credentials file for NATS sinks, read again at every connect. Its user needs to publish below the prefix, and to subscribe to _INBOX.>.',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  natsSinkCa: optionalText({
    group: 'Sinks',
    help: "Certificate authorities (PEM) of these servers' certificates, instead of the system's.",
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  allowedSinkCidrs: cidrList({
    group: 'Sinks',
    help: 'Private address ranges that sinks with a uri may also reach.',
  }),
  deniedSinkCidrs: cidrList({
    group: 'Sinks',
    help: 'Address ranges that no sink may reach, such as node or API server addresses on public ranges.',
  }),
  allowedSinkPorts: textList({
    group: 'Sinks',
    help: 'Which of the ports of nodes (10250, 10255 and 10256: kubelet and kube-proxy) sinks may reach nevertheless. Not set: none, at any address.',
    placeholder: 'PORT,...',
    pattern: /^(10250|10255|10256)$/,
    what: 'one of 10250, 10255 and 10256',
  }),
  allowLoopbackSinks: boolean({
    group: 'Sinks',
    help: 'Let sinks reach loopback addresses. For the sandbox and tests only: in a cluster, sinks could then reach the ports of the pod itself.',
    default: 'false',
  }),
} as const
