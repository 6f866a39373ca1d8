import type { Clock } from '../clock.ts'
import type { Permission } from '../contract/page/rights.ts'
import type { KubernetesClient, KubernetesObject, ResourceKind } from '../kubernetes/client.ts'
import { messageOf } from './message-of.ts'

/** As Kubernetes asks for it. */
export interface Right {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly subresource?: string
  /** Absent: in all namespaces. */
  readonly namespace?: string
  /** Absent: any. */
  readonly name?: string
}

interface Review extends KubernetesObject {
  spec: { resourceAttributes: Right }
  status?: { allowed?: boolean }
}

const reviewKind: ResourceKind = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
}

/** Rights seldom change; a page that is open for hours still notices. */
const rememberedMs = 60_000
const maxRemembered = 2_000

/** What the user of the kubeconfig may do, as the API server says (SelfSubjectAccessReview). */
export class Rights {
  readonly #client: Pick<KubernetesClient, 'create'>
  readonly #clock: Clock
  readonly #known = new Map<string, { untilMs: number; answer: Promise<Permission> }>()

  constructor(client: Pick<KubernetesClient, 'create'>, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** Whether all of these are given; else which are missing. */
  async may(...rights: readonly Right[]): Promise<Permission> {
    const answers = await Promise.all(rights.map((right) => this.#ask(right)))
    const missing = answers.flatMap((answer) => (answer.may === 'no' ? answer.missing : []))
    if (missing.length > 0) return { may: 'no', missing }
    return answers.find(({ may }) => may === 'unknown') ?? { may: 'yes' }
  }

  #ask(right: Right): Promise<Permission> {
    const key = nameOf(right)
    const nowMs = this.#clock.monotonic()
    const known = this.#known.get(key)
    if (known !== undefined && known.untilMs > nowMs) return known.answer
    if (this.#known.size >= maxRemembered) this.#known.clear()
    const answer = this.#review(right)
    this.#known.set(key, { untilMs: nowMs + rememberedMs, answer })
    return answer
  }

  async #review(right: Right): Promise<Permission> {
    const review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: reviewKind.kind,
      metadata: {},
      spec: { resourceAttributes: right },
    } as unknown as Review
    try {
      const { status } = await this.#client.create(reviewKind, review)
      return status?.allowed === true ? { may: 'yes' } : { may: 'no', missing: [nameOf(right)] }
    } catch (error) {
      return { may: 'unknown', why: messageOf(error) }
    }
  }
}

/** For people: `get secrets "gemini-api-key" in namespace ml`. */
function nameOf({ verb, group, resource, subresource, namespace, name }: Right): string {
  const kind = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`
  const which = name === undefined ? '' : ` "${name}"`
  return `${verb} ${kind}${which} in ${namespace === undefined ? 'all namespaces' : `namespace ${namespace}`}`
}
