import { Gate } from '../../fairness/gate.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'

/**
 * At once, of all namespaces and of one. A tenant may make each of its objects 1.5 MiB, and a pass reads some dozens.
 */
const readsAtOnce = { most: 8, mostOfOne: 4 }

/**
 * The client as passes use it: so many of the objects of tenants are read at once, by turns of the namespaces. So what
 * is in memory to be judged is some 12 MiB, however many objects there are. Writes, and what the operator watches, are
 * not concerned.
 */
export function gateReads(client: KubernetesClient): KubernetesClient {
  const gate = new Gate(readsAtOnce)
  const gated: Pick<KubernetesClient, 'get' | 'list'> = {
    get: (kind, key, options) => gate.pass(key.namespace, () => client.get(kind, key, options)),
    list: (kind, options) => gate.pass(options?.namespace ?? '', () => client.list(kind, options)),
  }
  return new Proxy(client, {
    get(target, property) {
      if (property === 'get' || property === 'list') return gated[property]
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
