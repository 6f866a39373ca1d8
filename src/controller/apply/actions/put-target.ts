import { signingSecretNameOf } from '../../../api/defaults.ts'
import type { GeminiWebhook } from '../../../api/gemini-webhook.ts'
import type { LiveSecret } from '../../../contract/keyring/entry.ts'
import { isConflict, isRefusal, KubernetesApiError } from '../../../kubernetes/client.ts'
import type { ActionState } from '../action-state.ts'
import type { PassContext } from '../pass-context.ts'
import { FailedCall } from '../../facts/failure-class.ts'
import { secretKind, type Secret } from '../../../kubernetes/core-kinds.ts'
import { found, valueOf } from '../../facts/lookup.ts'
import { othersMetadata, wantedMetadata } from '../../secrets/secret-metadata.ts'
import { foreignData, templateData, templateRecord } from '../../secrets/secret-template.ts'
import {
  buildTargetSecret,
  readTargetSecret,
  type SigningSecrets,
  type TargetSecret,
} from '../../secrets/target-secret.ts'
import { withoutSecrets } from '../../secrets/without-secrets.ts'

/** What the target Secret is to hold; the attempt that revealed its current secret goes along. */
export interface TargetContent {
  secrets: readonly LiveSecret[]
  attemptID?: string | undefined
}

/** Writes the target Secret whole: a POST never overwrites, a PUT is under optimistic lock. */
export async function putTarget(
  state: ActionState,
  ctx: PassContext,
  content: TargetContent,
  options: { dryRun?: true } = {},
): Promise<ActionState> {
  try {
    const written = await write(state, ctx, content, options)
    return options.dryRun === true ? state : withTarget(state, ctx, written)
  } catch (error) {
    throw withoutSecrets(
      error,
      content.secrets.map(({ secret }) => secret),
      Object.values(templatedOf(state.webhook, content).otherData),
    )
  }
}

/** What a call is about to replace in the Secret: anything else that is found there afterwards has another writer. */
export function replacedBy({ observed }: ActionState): { replaced?: string } {
  const replaced = valueOf(observed.secret)?.secrets.current
  return replaced === undefined ? {} : { replaced }
}

/**
 * Throws the conflict that a write would cause, for a write that may be refused before the API server finds the
 * conflict. A Secret that cannot be read proves nothing.
 */
export async function assertTargetUntouched(state: ActionState, ctx: PassContext): Promise<void> {
  const before = valueOf(state.observed.secret)
  const live = await readLive(state, ctx).catch((error: unknown) => {
    if (isRefusal(error)) return before
    throw error
  })
  if (live === undefined || (before !== undefined && holdsSame(live, before))) return
  const { namespace } = state.webhook.metadata
  throw new KubernetesApiError({
    status: 409,
    reason: 'Conflict',
    message: `Secret ${namespace}/${signingSecretNameOf(state.webhook)} was written by somebody else since it was looked at: planning again`,
  })
}

/** Reserves the name with an empty Secret. A POST never overwrites: a stranger's Secret of that name answers 409. */
export async function createEmptyTarget(state: ActionState, ctx: PassContext): Promise<ActionState> {
  return withTarget(state, ctx, await ctx.client.create<Secret>(secretKind, buildTargetSecret(shapeOf(state, ctx))))
}

async function write(
  state: ActionState,
  ctx: PassContext,
  content: TargetContent,
  options: { dryRun?: true },
): Promise<Secret> {
  const target = valueOf(state.observed.secret)
  if (target === undefined) {
    const wanted = buildTargetSecret(shapeOf(state, ctx, content))
    return echoed(wanted, await ctx.client.create<Secret>(secretKind, wanted, options))
  }
  const replace = (from: TargetSecret) => {
    const wanted = buildTargetSecret({ ...shapeOf(state, ctx, content), ...keptOf(state, ctx, content, from) })
    return ctx.client.replace<Secret>(secretKind, wanted, options).then((answer) => echoed(wanted, answer))
  }
  try {
    return await replace(target)
  } catch (error) {
    if (!isConflict(error)) throw error
    const live = await readLive(state, ctx)
    // It was written since: a changed label is harmless, another secret means that a newer leader wrote it, which wins.
    if (live === undefined || !holdsSame(live, target)) throw error
    return replace(live)
  }
}

/** A webhook that changes what is written on its way would lose a secret as surely as one that refuses it. */
function echoed(wanted: Secret, answer: Secret): Secret {
  const changed = Object.keys(wanted.data ?? {}).find((key) => answer.data?.[key] !== wanted.data?.[key])
  if (changed === undefined) return answer
  const { namespace = '', name } = wanted.metadata
  throw new FailedCall({
    class: 'refused',
    reason: 'RefusedByAPIServer',
    message: `Secret ${namespace}/${name}: key ${changed} reads back otherwise than it was written: look for an admission webhook or policy that changes it`,
    mayHaveCommitted: true,
  })
}

/** A PUT replaces all of it, so what others added to the metadata and to the data travels along. */
function keptOf({ webhook }: ActionState, { config }: PassContext, content: TargetContent, target: TargetSecret) {
  const [wanted, others] = [wantedMetadata(webhook, config, target), othersMetadata(target)]
  const templated = templatedOf(webhook, content)
  return {
    resourceVersion: target.resourceVersion,
    ...(target.immutable === true && { immutable: true as const }),
    labels: { ...others.labels, ...wanted.labels },
    annotations: { ...others.annotations, ...wanted.annotations, ...templated.annotations },
    otherData: { ...foreignData(target), ...templated.otherData },
  }
}

/** What the template of the spec adds, and the record of it. */
function templatedOf({ spec }: GeminiWebhook, { secrets }: TargetContent) {
  const template = spec.signingSecret?.template
  return { annotations: templateRecord(template), otherData: templateData(template, signingSecretsOf(secrets)) }
}

async function readLive({ webhook }: ActionState, { client }: PassContext): Promise<TargetSecret | undefined> {
  const { namespace } = webhook.metadata
  const live = await client.get<Secret>(secretKind, { namespace, name: signingSecretNameOf(webhook) })
  return live === undefined ? undefined : readTargetSecret(live, webhook.metadata)
}

function holdsSame(live: TargetSecret, before: TargetSecret): boolean {
  return (
    live.ownership === before.ownership &&
    live.secrets.current === before.secrets.current &&
    live.secrets.previous === before.secrets.previous
  )
}

function shapeOf({ webhook }: ActionState, { config }: PassContext, content?: TargetContent) {
  const { metadata } = webhook
  const { labels, annotations } = wantedMetadata(webhook, config)
  const written = content && { secrets: signingSecretsOf(content.secrets), ...templatedOf(webhook, content) }
  return {
    ...written,
    namespace: metadata.namespace,
    name: signingSecretNameOf(webhook),
    owner: { uid: metadata.uid, name: metadata.name },
    labels,
    annotations: { ...annotations, ...written?.annotations },
    ...(content?.attemptID !== undefined && { attemptID: content.attemptID }),
  }
}

function signingSecretsOf([current, previous]: readonly LiveSecret[]): SigningSecrets {
  if (current === undefined)
    throw new Error('a Secret without a current signing secret was planned: a defect of the plan')
  return { current: current.secret, ...(previous !== undefined && { previous: previous.secret }) }
}

function withTarget(state: ActionState, { secrets }: PassContext, secret: Secret): ActionState {
  secrets.learn(secret)
  const target = readTargetSecret(secret, state.webhook.metadata)
  return { ...state, observed: { ...state.observed, secret: found(target) } }
}
