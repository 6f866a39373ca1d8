import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import { installationConfigMapName, readInstallationRecord } from '../../contract/installation-record.ts'
import {
  orphanIdOf,
  orphansConfigMapName,
  type Orphan,
  type OrphanRecord,
} from '../../contract/orphans/orphan-record.ts'
import {
  identityOf,
  ownerOfRemote,
  tokenOf,
  type Installation,
  type RemoteIdentity,
} from '../../controller/facts/ownership.ts'
import { apiKeyFingerprint } from '../../gemini/api-key-fingerprint.ts'
import { GeminiError, type RemoteWebhook, type WebhookService } from '../../gemini/webhook-service.ts'
import { isNotFound, KubernetesApiError, type KubernetesClient, type ObjectKey } from '../../kubernetes/client.ts'
import { configMapKind, namespaceKind, type ConfigMap, type Namespace } from '../../kubernetes/core-kinds.ts'
import { unreachable } from '../../unreachable.ts'
import type { OperatorAccess } from '../operator-access.ts'
import { printedAs, type Output } from '../print-as.ts'
import { readApiKey } from '../read-api-key.ts'
import { exitCodes, type CommandDeps } from '../run-command.ts'
import { cellOf } from '../table.ts'
import { judgeOrphan, type OrphanVerdict } from './judge-orphan.ts'
import { orphansIn, removalByHand, removeEntry } from './orphan-list.ts'

interface DeletionConfig {
  readonly operatorNamespace: string
  readonly output: Output
  readonly apiKeySecret: ObjectKey
  readonly apiKeyField: string
  readonly acceptMissing: boolean
}

interface DeletionDeps {
  config: DeletionConfig
  context: Pick<CommandDeps, 'out' | 'err'>
  operator: OperatorAccess
}

/** What the verdicts rest on; read once, before anything is deleted. */
interface Grounds {
  namespace: string
  client: KubernetesClient
  service: WebhookService
  /** NAMESPACE/NAME, for messages. */
  apiKeySecret: string
  installation: Installation | undefined
  fingerprint: string | undefined
  acceptMissing: boolean
  /** Ids that this API key was seen to know: one webhook may be noted by several objects. */
  seen: Set<string>
  webhooks: readonly GeminiWebhook[]
}

interface Cleaned {
  id: string
  /** At Google; `gone` was so before. */
  result: 'deleted' | 'gone'
  /** Those that were deleted: the one of that id, or where the id was unknown what carried the marker. */
  webhooks: readonly string[]
}

interface Problem {
  problem: string
  /** Google refuses the API key: no other webhook would succeed, and each try counts against the key. */
  isFinal?: boolean
}

/**
 * Deletes each at Google, where that is safe, then removes its entry; what cannot be deleted is reported and keeps its
 * entry. Can be run again.
 */
export async function deleteOrphans(
  ids: ReadonlySet<string>,
  { config, context, operator }: DeletionDeps,
): Promise<number> {
  const orphans = await orphansIn(operator.client, config.operatorNamespace)
  const grounds = await groundsFor(config, operator)
  const cleaned: Cleaned[] = []
  const problems: string[] = []
  const where = `ConfigMap ${config.operatorNamespace}/${orphansConfigMapName}`
  const named = new Set([...ids].flatMap((id) => orphans.filter((orphan) => isNamed(orphan, id))))
  for (const id of ids) {
    if (orphans.some((orphan) => isNamed(orphan, id))) continue
    problems.push(`${cellOf(id)}: is not noted (any more) in ${where}; "gwh orphans" lists what is`)
  }
  for (const orphan of named) {
    const outcome = await cleanOne(orphan, grounds)
    if ('result' in outcome) cleaned.push(outcome)
    else problems.push(`${cellOf(orphanIdOf(orphan))}: ${outcome.problem}`)
    if ('isFinal' in outcome) break
  }
  const text = () => cleaned.map(({ id, result }) => `${cellOf(id)}: ${inWords[result]}\n`).join('')
  const names = cleaned.map(({ id }) => cellOf(id))
  context.out(printedAs(config.output, { value: { cleaned, problems }, text, names }))
  for (const problem of problems) context.err(`gwh orphans: ${problem}\n`)
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed
}

function isNamed(orphan: Orphan, id: string): boolean {
  return orphan.key === id || orphanIdOf(orphan) === id
}

const inWords = {
  deleted: 'deleted at Google, and taken off the list.',
  gone: 'was gone at Google already; taken off the list.',
}

async function groundsFor(config: DeletionConfig, operator: OperatorAccess): Promise<Grounds> {
  const { client } = operator
  const { operatorNamespace: namespace, acceptMissing, apiKeySecret } = config
  const installation = await installationIn(client, namespace)
  const apiKey = await readApiKey(client, {
    key: apiKeySecret,
    field: config.apiKeyField,
    where: '--api-key-secret',
  })
  const fingerprint = installation === undefined ? undefined : apiKeyFingerprint(apiKey, installation.id)
  const service = await operator.openService({ apiKey, fingerprint: fingerprint ?? '' })
  const webhooks = await webhooksIn(client)
  return {
    namespace,
    client,
    service,
    apiKeySecret: `${apiKeySecret.namespace}/${apiKeySecret.name}`,
    installation,
    fingerprint,
    acceptMissing,
    seen: new Set(),
    webhooks,
  }
}

/**
 * undefined in a restored or cloned cluster that is not confirmed, as for the controller: a webhook with markers of
 * that id may belong to the original.
 */
async function installationIn(client: KubernetesClient, namespace: string): Promise<Installation | undefined> {
  const home = await client.get<Namespace>(namespaceKind, { namespace: '', name: namespace })
  const stored = await client.get<ConfigMap>(configMapKind, { namespace, name: installationConfigMapName })
  const { id, namespaceUid, formerTokens } = readInstallationRecord(stored?.data)
  if (id === '' || namespaceUid === undefined || namespaceUid !== home?.metadata.uid) return undefined
  return { id, token: tokenOf(namespaceUid), formerTokens }
}

/** None where the operator was uninstalled, its CRD included. */
async function webhooksIn(client: KubernetesClient): Promise<readonly GeminiWebhook[]> {
  try {
    return (await client.list<GeminiWebhook>(geminiWebhookKind)).items
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

async function cleanOne(orphan: Orphan, grounds: Grounds): Promise<Cleaned | Problem> {
  const { record } = orphan
  const byHand = removalByHand(orphan, grounds.namespace)
  if (record === undefined) return { problem: `its entry cannot be read: look at it, then ${byHand}` }
  const object = `webhook of GeminiWebhook ${record.namespace}/${record.name}`
  try {
    const verdict = await verdictOn(record, grounds)
    switch (verdict.type) {
      case 'Refuse':
        return { problem: `${object}: ${verdict.why}. To remove the entry alone: ${byHand}` }
      case 'Delete':
        for (const id of verdict.ids) await grounds.service.delete(id)
        return await withoutEntry(orphan, grounds, { id: orphanIdOf(orphan), result: 'deleted', webhooks: verdict.ids })
      case 'Gone':
        return await withoutEntry(orphan, grounds, { id: orphanIdOf(orphan), result: 'gone', webhooks: [] })
      default:
        return unreachable(verdict)
    }
  } catch (error) {
    if (!(error instanceof GeminiError)) throw error
    if (error.code !== 'ERR_GEMINI_CREDENTIALS_REJECTED') {
      return { problem: `${object}: ${error.message}; its entry stays, so that this can be run again` }
    }
    return { problem: `${object}: Secret ${grounds.apiKeySecret}: ${error.message}`, isFinal: true }
  }
}

async function verdictOn(record: OrphanRecord, grounds: Grounds): Promise<OrphanVerdict> {
  const { fingerprint, installation, acceptMissing, seen, webhooks, service } = grounds
  const identity = installation && identityOfRecord(installation, record)
  const remotes = await remotesOf(record, identity, service)
  const isKeyOfRecord = fingerprint !== undefined && fingerprint === record.keyFingerprint
  const hasSeenIt = isKeyOfRecord || seen.has(record.id ?? '')
  for (const { id } of remotes) seen.add(id)
  return judgeOrphan({ record, remotes, identity, hasSeenIt, acceptMissing, webhooks })
}

function identityOfRecord(installation: Installation, record: OrphanRecord): RemoteIdentity {
  const identity = identityOf(installation, { metadata: record })
  return record.id === undefined ? identity : { ...identity, recordedId: record.id }
}

/** Where the id is unknown, whatever carries the object's marker was made for it. */
async function remotesOf(
  record: OrphanRecord,
  identity: RemoteIdentity | undefined,
  service: WebhookService,
): Promise<RemoteWebhook[]> {
  if (record.id !== undefined) {
    const remote = await service.get(record.id)
    return remote === undefined ? [] : [remote]
  }
  if (identity === undefined) return []
  return (await service.list()).filter((remote) => ownerOfRemote(remote, identity) === 'ours')
}

async function withoutEntry(orphan: Orphan, { client, namespace }: Grounds, done: Cleaned): Promise<Cleaned | Problem> {
  try {
    if ((await removeEntry(orphan, client, namespace)) === 'removed') return done
    return { problem: `it is ${done.result} at Google; its entry was written anew meanwhile and stays: run this again` }
  } catch (error) {
    if (!(error instanceof KubernetesApiError)) throw error
    return {
      problem: `it is ${done.result} at Google, but its entry could not be removed (${error.message}): run this again, or ${removalByHand(orphan, namespace)}`,
    }
  }
}
