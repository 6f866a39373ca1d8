import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { gwh, kubectl } from '../support/processes/cluster-commands.ts'
import { recordSecret } from '../support/measures/run-record.ts'

/** Somebody with a namespace and a kubeconfig of their own, in which there is a token of theirs and nothing else. */
export interface User {
  readonly namespace: string
  kubectl(args: readonly string[], input?: string): Promise<string>
  gwh(args: readonly string[]): Promise<string>
  /** What the command says to a user whom it is refused. */
  refused(args: readonly string[]): Promise<string>
  /** All that the API server lets this user do in a namespace, beyond asking what that is: VERBS of RESOURCES. */
  rightsIn(namespace: string): Promise<string[]>
  apply(object: object): Promise<string>
  field(path: string, ...what: string[]): Promise<string>
}

interface Rule {
  verbs: string[]
  apiGroups: string[]
  resources: string[]
}
/** What every authenticated user may ask of the API server: who they are, and what they may do. */
const aboutOneself = new Set(['authentication.k8s.io', 'authorization.k8s.io'])

/** The users that a suite makes, as ServiceAccounts, and their kubeconfigs, which end with it. */
export class Users {
  readonly #folder = mkdtemp(join(tmpdir(), 'gwh-e2e-users-'))

  /** A user with these ClusterRoles, in this namespace alone. */
  async add(namespace: string, ...clusterRoles: string[]): Promise<User> {
    await kubectl(['--namespace', namespace, 'create', 'serviceaccount', 'user'])
    for (const role of clusterRoles) {
      const bound = [`--clusterrole=${role}`, `--serviceaccount=${namespace}:user`]
      await kubectl(['--namespace', namespace, 'create', 'rolebinding', `user-${role}`, ...bound])
    }
    const token = (await kubectl(['--namespace', namespace, 'create', 'token', 'user'])).trim()
    recordSecret(token)
    const path = join(await this.#folder, namespace)
    await writeFile(path, JSON.stringify(await kubeconfigWith(token, namespace)), { mode: 0o600 })
    return userWith(path, namespace)
  }

  async remove(): Promise<void> {
    await rm(await this.#folder, { recursive: true })
  }
}

async function kubeconfigWith(token: string, namespace: string): Promise<object> {
  const view = await kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output=json'])
  const { clusters } = JSON.parse(view) as { clusters: { name: string }[] }
  const context = { cluster: clusters[0]?.name, user: namespace, namespace }
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters,
    users: [{ name: namespace, user: { token } }],
    contexts: [{ name: namespace, context }],
    'current-context': namespace,
  }
}

function userWith(kubeconfig: string, namespace: string): User {
  const asUser = (args: readonly string[], input?: string) => kubectl([`--kubeconfig=${kubeconfig}`, ...args], input)
  return {
    namespace,
    kubectl: asUser,
    gwh: (args) => gwh([...args, `--kubeconfig=${kubeconfig}`]),
    refused: (args) =>
      asUser(args).then(
        (said) => Promise.reject(new Error(`"kubectl ${args.join(' ')}" was not refused: ${said}`)),
        (error: Error) => error.message,
      ),
    async rightsIn(inNamespace) {
      const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview' }
      const asked = JSON.stringify({ ...review, spec: { namespace: inNamespace } })
      const said = await asUser(['create', '--validate=false', '-f', '-', '--output=json'], asked)
      const { resourceRules } = (JSON.parse(said) as { status: { resourceRules: Rule[] } }).status
      return resourceRules
        .filter(({ apiGroups }) => !apiGroups.every((group) => aboutOneself.has(group)))
        .map(
          ({ verbs, apiGroups, resources }) => `${verbs.join(' ')} of ${resources.join(' ')} in ${apiGroups.join(' ')}`,
        )
        .toSorted()
    },
    apply: (object) => asUser(['apply', '-f', '-'], JSON.stringify(object)),
    field: (path, ...what) => asUser(['get', ...what, `--output=jsonpath={${path}}`]),
  }
}
