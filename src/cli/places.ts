import type { KubernetesClient, ObjectKey } from '../kubernetes/client.ts'
import { placeOf, type ConnectionConfig } from './connection.ts'
import { chooseOperator, operatorNamespaces } from './find-operator.ts'
import { keyIn, routeNotMeant, webhookOrRouteIn } from './key-in.ts'
import type { UserCommandDeps } from './user-command.ts'

/** The settings that say whose objects are meant. */
export interface ObjectsConfig extends ConnectionConfig {
  readonly namespace: string | undefined
  readonly allNamespaces?: boolean
}

interface PlacesConfig extends ObjectsConfig {
  readonly operatorNamespace: string | undefined
}

/** Where the operator runs, and whose objects are meant. */
export interface Places {
  readonly operatorNamespace: string
  /** Of the objects; undefined: all. */
  readonly namespace: string | undefined
}

interface Asking {
  /** The command, for messages. */
  readonly command: string
  /** What is meant where no namespace is given: that of the context, or all. */
  readonly otherwise: 'context' | 'all'
  /** As it was given, where one object is named: a name alone is one of `namespace`, whatever runs there. */
  readonly object?: string | undefined
}

/**
 * The namespace that was given or is meant; undefined: all, or that of the object that is named. Says on standard error
 * what it takes by itself.
 */
export async function namespaceOf(
  config: ObjectsConfig,
  { command, otherwise, object }: Asking,
  { err }: Pick<UserCommandDeps, 'err'>,
): Promise<string | undefined> {
  if (config.allNamespaces === true) return undefined
  if (config.namespace !== undefined || object !== undefined || otherwise === 'all') return config.namespace
  const namespace = await contextNamespaceOf(config)
  // For one version: without flags, all namespaces were meant.
  err(`gwh ${command}: in namespace ${namespace} only; -A is for all namespaces, as before\n`)
  return namespace
}

/** Both places. Asks the API server where the operator is, unless it is named. */
export async function locate(
  config: PlacesConfig,
  asking: Asking,
  deps: Pick<UserCommandDeps, 'err' | 'cluster'>,
): Promise<Places> {
  const client = await deps.cluster(config)
  try {
    return await locateBy(client, config, asking, deps)
  } finally {
    await client.close()
  }
}

/** The same, for a command that has a client. */
export async function locateBy(
  client: KubernetesClient,
  config: PlacesConfig,
  asking: Asking,
  deps: Pick<UserCommandDeps, 'err'>,
): Promise<Places> {
  const { operatorNamespace, namespace = '' } = config
  if (operatorNamespace !== undefined) return { operatorNamespace, namespace: await namespaceOf(config, asking, deps) }
  const found = await operatorNamespaces(client)
  if (!(await isFormerSpelling(config, { found, object: asking.object, client })))
    return { operatorNamespace: chooseOperator(found), namespace: await namespaceOf(config, asking, deps) }
  deps.err(
    `gwh ${asking.command}: --namespace is that of objects now; since the operator runs in ${namespace}, it was taken for --operator-namespace, once more\n`,
  )
  return { operatorNamespace: namespace, namespace: undefined }
}

/** The namespace of the operator, for a command of the whole installation: no object is meant. */
export async function operatorNamespaceBy(
  client: KubernetesClient,
  config: ConnectionConfig & Pick<PlacesConfig, 'operatorNamespace'>,
  command: string,
  deps: Pick<UserCommandDeps, 'err'>,
): Promise<string> {
  const asked = { ...config, namespace: undefined }
  const { operatorNamespace } = await locateBy(client, asked, { command, otherwise: 'all' }, deps)
  return operatorNamespace
}

interface Sighting {
  readonly found: readonly string[] | undefined
  readonly object: string | undefined
  readonly client: KubernetesClient
}

/** For one version: `--namespace` was that of the operator. Nobody names an object of it by its name alone. */
async function isFormerSpelling({ namespace }: PlacesConfig, { found, object, client }: Sighting): Promise<boolean> {
  if (namespace === undefined || (object !== undefined && webhookOrRouteIn(object).namespace === undefined))
    return false
  const there = found ?? (await operatorNamespaces(client, namespace))
  return there?.includes(namespace) === true
}

/**
 * The object that NAME or NAMESPACE/NAME means: a name alone is in the namespace that is given, else in that of the
 * context.
 */
export async function objectKey(text: string, config: ObjectsConfig): Promise<ObjectKey> {
  const { namespace, name } = keyIn(text)
  const { namespace: given = namespace } = config
  // A namespace may be called groute; with another one given, a route was meant.
  if (namespace !== given && webhookOrRouteIn(text).isRoute) throw routeNotMeant(text)
  return { namespace: await namespaceIn(text, namespace, config), name }
}

/** A GeminiWebhook or a GeminiRoute, by its name. */
export interface NamedObject extends ObjectKey {
  readonly isRoute: boolean
}

/** The same where a GeminiRoute may be meant, which is named as groute/NAME or NAMESPACE/groute/NAME. */
export async function webhookOrRoute(text: string, config: ObjectsConfig): Promise<NamedObject> {
  const { namespace, name, isRoute } = webhookOrRouteIn(text)
  return { namespace: await namespaceIn(text, namespace, config), name, isRoute }
}

async function namespaceIn(text: string, namespace: string | undefined, config: ObjectsConfig): Promise<string> {
  if (namespace !== undefined && config.namespace !== undefined && namespace !== config.namespace)
    throw new Error(`${text} is in namespace ${namespace}, and --namespace says ${config.namespace}: leave one out`)
  return namespace ?? config.namespace ?? (await contextNamespaceOf(config))
}

/** As kubectl takes it. */
export async function contextNamespaceOf(config: ConnectionConfig): Promise<string> {
  const { contextNamespace } = await import('../kubernetes/context-namespace.ts')
  return contextNamespace(placeOf(config))
}
