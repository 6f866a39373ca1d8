import type { KubernetesClient, KubernetesObject, ResourceKind } from '../../kubernetes/client.ts'
import { hostInUrl } from '../../listen-on.ts'
import type { Sink, SinkInUse } from '../../sinks/port.ts'

type Destination = SinkInUse['destination']

export const serviceKind: ResourceKind = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
}

interface Service extends KubernetesObject {
  spec?: { ports?: { port: number; targetPort?: number | string }[] }
}

/**
 * What cluster DNS, kube-proxy and pods are for a real cluster: in a sandbox the pods behind a Service are this
 * machine, and its numeric targetPort is a port here. Addresses of Services that do not exist stay as they are and fail
 * like an unknown host.
 */
export function routeServicesToThisMachine(sink: Sink, host: string, client: Pick<KubernetesClient, 'get'>): Sink {
  return {
    async send(delivery, signal) {
      const destination = await localDestination(delivery.sink.destination, host, client).catch(() => undefined)
      if (destination === undefined) return sink.send(delivery, signal)
      return sink.send({ ...delivery, sink: { ...delivery.sink, destination } }, signal)
    },
    close: () => sink.close(),
  }
}

async function localDestination(
  destination: Destination,
  host: string,
  client: Pick<KubernetesClient, 'get'>,
): Promise<Destination | undefined> {
  if (destination.type !== 'http') return undefined
  const url = new URL(destination.url)
  const [name = '', namespace = '', suffix] = url.hostname.split('.')
  if (suffix !== 'svc') return undefined
  const service = await client.get<Service>(serviceKind, { namespace, name })
  const servicePort = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port)
  const targetPort = service?.spec?.ports?.find(({ port }) => port === servicePort)?.targetPort
  if (typeof targetPort !== 'number') return undefined
  const { address: _clusterIp, ...rest } = destination // leads nowhere without kube-proxy
  return { ...rest, url: `${url.protocol}//${hostInUrl(host)}:${targetPort}${url.pathname}${url.search}` }
}
