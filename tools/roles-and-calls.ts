/** The parts of an `audit.k8s.io/v1` Event that tell who called what. */
export interface AuditEvent {
  stage: string
  verb: string
  user: { username: string }
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string }
  responseStatus?: { code?: number }
}

interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  resourceNames?: string[]
  verbs: string[]
}

/** What is read of a manifest: of its roles and their bindings. */
export interface Manifest {
  kind: string
  metadata: { name: string; namespace?: string }
  rules?: PolicyRule[]
  roleRef?: { kind: string; name: string }
  subjects?: { kind: string; name: string; namespace?: string }[]
}

/** One verb on one resource, for one ServiceAccount; in one namespace, or in all. */
interface Right {
  account: string
  verb: string
  group: string
  resource: string
  namespace: string | undefined
  names: readonly string[] | undefined
}

interface Comparison {
  rights: { account: string; right: string; calls: number }[]
  /**
   * Calls that no role allows. One that a role allows was refused while the role was not there yet, or gone already,
   * and tells nothing about it.
   */
  refused: { account: string; call: string; times: number }[]
}

/**
 * Lays the rights that roles give to bound ServiceAccounts beside the calls that these made. A call counts for each
 * right that allows it. Wildcards are not understood, and not needed: the shipped roles have none.
 */
export function compareRolesWithCalls(manifests: readonly Manifest[], events: readonly AuditEvent[]): Comparison {
  const rights = rightsOf(manifests)
  const accounts = new Set(rights.map(({ account }) => account))
  const calls = events.filter(({ stage, user }) => stage === 'ResponseComplete' && accounts.has(user.username))
  const refused = Map.groupBy(
    calls.filter((call) => isRefused(call) && !rights.some((right) => allows(right, call))),
    (call) => `${call.user.username}\n${describeCall(call)}`,
  )
  return {
    rights: rights.map((right) => ({
      account: right.account,
      right: describeRight(right),
      calls: calls.filter((call) => !isRefused(call) && allows(right, call)).length,
    })),
    refused: [...refused].map(([key, group]) => {
      const [account = '', call = ''] = key.split('\n')
      return { account, call, times: group.length }
    }),
  }
}

const isRefused = ({ responseStatus }: AuditEvent) => responseStatus?.code === 403 || responseStatus?.code === 401

function rightsOf(manifests: readonly Manifest[]): Right[] {
  return manifests.flatMap(({ kind, metadata, roleRef, subjects = [] }) => {
    if (roleRef === undefined) return []
    const role = manifests.find(
      (candidate) =>
        candidate.kind === roleRef.kind &&
        candidate.metadata.name === roleRef.name &&
        (roleRef.kind === 'ClusterRole' || candidate.metadata.namespace === metadata.namespace),
    )
    if (role?.rules === undefined) throw new Error(`${kind} ${metadata.name}: no ${roleRef.kind} ${roleRef.name} here`)
    const namespace = kind === 'RoleBinding' ? metadata.namespace : undefined
    return subjects.flatMap(({ name, namespace: home }) =>
      (role.rules ?? []).flatMap((rule) => rightsOfRule(rule, `system:serviceaccount:${home}:${name}`, namespace)),
    )
  })
}

function rightsOfRule(rule: PolicyRule, account: string, namespace: string | undefined): Right[] {
  const { apiGroups, resources, verbs, resourceNames: names } = rule
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ account, verb, group, resource, namespace, names }))),
  )
}

function allows(right: Right, { user, verb, objectRef }: AuditEvent): boolean {
  return (
    user.username === right.account &&
    verb === right.verb &&
    (objectRef?.apiGroup ?? '') === right.group &&
    resourceOf(objectRef) === right.resource &&
    (right.namespace === undefined || objectRef?.namespace === right.namespace) &&
    (right.names === undefined || right.names.includes(objectRef?.name ?? ''))
  )
}

const resourceOf = (ref: AuditEvent['objectRef']) =>
  ref?.subresource === undefined ? ref?.resource : `${ref.resource}/${ref.subresource}`

function describeRight({ verb, group, resource, namespace, names }: Right): string {
  const where = namespace === undefined ? 'in all namespaces' : `in ${namespace}`
  const which = names === undefined ? '' : ` named ${names[0]}${names.length > 1 ? `, ... (${names.length})` : ''}`
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}${which} ${where}`
}

function describeCall({ verb, objectRef }: AuditEvent): string {
  const group = objectRef?.apiGroup ?? ''
  return `${verb} ${resourceOf(objectRef) ?? 'a path'}${group === '' ? '' : `.${group}`} in ${objectRef?.namespace ?? 'the cluster'}`
}
