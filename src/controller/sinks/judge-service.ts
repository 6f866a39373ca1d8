import type { EndpointFacts } from './endpoint-facts.ts'
import type { Service } from '../../kubernetes/core-kinds.ts'

/** A Service with what is to be known of where its traffic goes. */
export interface ServiceView {
  service: Service
  endpoints: EndpointFacts
}

export type ServiceJudgement =
  /** `address`: what to connect to. Absent only for a headless one that is allowed: its name is looked up. */
  | { state: 'usable'; address?: string }
  /** It may come by itself. */
  | { state: 'notReady'; problem: string }
  /** `problem` continues a sentence that begins with its name. */
  | { state: 'unusable'; problem: string }

/** Where a name of a Service of type ExternalName leads. */
export function externalNameOf({ spec }: Service): string | undefined {
  return spec?.type === 'ExternalName' ? (spec.externalName ?? '') : undefined
}

/**
 * Whether events may be sent to a Service, and to which address. It must lead to what its namespace runs: pods that its
 * selector finds, as Kubernetes itself records them. Anything else would let the writer of a Service, Endpoints or an
 * EndpointSlice choose any address that the receivers can reach. Pure.
 */
export function judgeService(
  { service, endpoints }: ServiceView,
  { port, allowForeign }: { port: number; allowForeign: boolean },
): ServiceJudgement {
  const { type, clusterIP, selector, externalIPs } = service.spec ?? {}
  if (type === 'ExternalName') return unusable('is of type ExternalName, which could point anywhere: use uri instead')
  if (leadsToNodes(service, endpoints, port)) {
    return unusable('leads to a port of kubelet or kube-proxy on nodes: let its pods listen elsewhere')
  }
  if (endpoints.leadsToApiServer) return unusable('leads to the API server: let it lead to pods')
  if (endpoints.exceeds !== undefined) {
    return unusable(
      `has more than ${endpoints.exceeds} EndpointSlices, of which no more are looked at: give it fewer pods`,
    )
  }
  if (clusterIP === 'None') {
    if (allowForeign) return { state: 'usable' }
    return unusable(`is headless, so its name leads wherever its endpoints say: give it a cluster IP${orAllow}`)
  }
  if (clusterIP === undefined || clusterIP === '') return { state: 'notReady', problem: 'has no cluster IP yet' }
  if (allowForeign) return { state: 'usable', address: clusterIP }
  if (selector === undefined || Object.keys(selector).length === 0) {
    return unusable(`has no selector, so it leads wherever its endpoints say: select its pods${orAllow}`)
  }
  if ((externalIPs ?? []).length > 0) {
    return unusable(`has externalIPs, which draw the traffic of other addresses to it: remove them${orAllow}`)
  }
  if (endpoints.foreignSlice !== undefined) {
    return unusable(
      `has endpoints that are no pods of its namespace (EndpointSlice ${endpoints.foreignSlice}): remove them${orAllow}`,
    )
  }
  return { state: 'usable', address: clusterIP }
}

/** Whether what its endpoints are makes no difference any more, so that they need not be read. */
export function isJudgedAlone({ spec }: Service, allowForeign: boolean): boolean {
  const { type, clusterIP, selector = {}, externalIPs } = spec ?? {}
  if (type === 'ExternalName') return true
  if (allowForeign) return false
  const hasAddress = clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None'
  return !hasAddress || Object.keys(selector).length === 0 || (externalIPs ?? []).length > 0
}

/** The ports of a slice have the name of the Service's port, or none where it has none. */
function leadsToNodes({ spec }: Service, { nodePortNames }: EndpointFacts, port: number): boolean {
  return nodePortNames.has(spec?.ports?.find((each) => each.port === port)?.name ?? '')
}

const orAllow = ', or let the installation allow such Services (allowForeignEndpoints)'

function unusable(problem: string): ServiceJudgement {
  return { state: 'unusable', problem }
}
