import {
  attemptAnnotation,
  importLabel,
  managedByLabel,
  managedByValue,
  ownerNameAnnotation,
  ownerUidAnnotation,
  signingSecretKeys,
} from '../../api/names.ts'
import type { Secret } from '../../kubernetes/core-kinds.ts'

/**
 * What the user's Secret holds: the current signing secret and, while the overlap of a rotation lasts, the one before
 * it.
 */
export interface SigningSecrets {
  current: string
  previous?: string
}

interface SecretOwner {
  uid: string
  name: string
}

export interface TargetSecret {
  /**
   * `ours` by annotation, also from an earlier life of the object under the same name. `importable`: made by hand and
   * labelled for being taken over as it is. `stranger`: neither, and never written.
   */
  ownership: 'ours' | 'importable' | 'stranger'
  uid: string
  resourceVersion: string
  secrets: Partial<SigningSecrets>
  /** What is in its data beside our three keys, in base64: of the spec's template, or of others. */
  otherData: Record<string, string>
  /** The joined key says the same as the two others; false after an edit by hand. */
  wellFormed: boolean
  /** The create or rotation that wrote it. */
  attemptID?: string
  /** Its data cannot be changed; its labels and annotations can. */
  immutable?: true
  labels: Record<string, string>
  annotations: Record<string, string>
  /** The last writer, for the message when the Secret is overwritten again and again. */
  lastManager?: string
}

const { current: currentKey, previous: previousKey, all: joinedKey } = signingSecretKeys

export function readTargetSecret(secret: Secret, owner: SecretOwner): TargetSecret {
  const { metadata, data = {} } = secret
  const annotations = metadata.annotations ?? {}
  const current = decode(data[currentKey])
  const previous = decode(data[previousKey])
  const attemptID = annotations[attemptAnnotation]
  const lastManager = lastWriterOf(secret)
  const secrets = { ...(current !== undefined && { current }), ...(previous !== undefined && { previous }) }
  return {
    ownership: ownershipOf(metadata, owner),
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    secrets,
    otherData: othersIn(data),
    wellFormed: decode(data[joinedKey]) === joined(secrets),
    ...(attemptID !== undefined && { attemptID }),
    ...(secret.immutable === true && { immutable: true }),
    labels: metadata.labels ?? {},
    annotations,
    ...(lastManager !== undefined && { lastManager }),
  }
}

/** No other object of that name can be alive: names are unique in a namespace. */
function ownershipOf(
  { labels = {}, annotations = {} }: Secret['metadata'],
  owner: SecretOwner,
): TargetSecret['ownership'] {
  const uid = annotations[ownerUidAnnotation]
  if (uid === owner.uid) return 'ours'
  if (uid !== undefined) return annotations[ownerNameAnnotation] === owner.name ? 'ours' : 'stranger'
  return labels[importLabel] === 'true' ? 'importable' : 'stranger'
}

export interface SecretShape {
  namespace: string
  name: string
  owner: SecretOwner
  labels: Record<string, string>
  annotations: Record<string, string>
  /** Absent: the empty Secret that reserves the name before anything is registered. */
  secrets?: SigningSecrets
  /** What else goes into its data along with them, in base64. */
  otherData?: Record<string, string>
  attemptID?: string
  /** Kept as it is found: a PUT without it would be refused for that alone. */
  immutable?: true
  /** Present: a PUT under optimistic lock. Absent: a POST, which never overwrites. */
  resourceVersion?: string
}

/**
 * The whole Secret as it is to be. Without owner reference on purpose: garbage collection could remove it before the
 * webhook is released.
 */
export function buildTargetSecret(shape: SecretShape): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      namespace: shape.namespace,
      name: shape.name,
      labels: { ...shape.labels, [managedByLabel]: managedByValue },
      annotations: {
        ...shape.annotations,
        [ownerUidAnnotation]: shape.owner.uid,
        [ownerNameAnnotation]: shape.owner.name,
        ...(shape.attemptID !== undefined && { [attemptAnnotation]: shape.attemptID }),
      },
      ...(shape.resourceVersion !== undefined && { resourceVersion: shape.resourceVersion }),
    },
    ...(shape.immutable === true && { immutable: true }),
    data: shape.secrets === undefined ? {} : { ...shape.otherData, ...dataOf(shape.secrets) },
  }
}

function dataOf(secrets: SigningSecrets): Record<string, string> {
  return {
    [currentKey]: encode(secrets.current),
    ...(secrets.previous !== undefined && { [previousKey]: encode(secrets.previous) }),
    [joinedKey]: encode(joined(secrets) ?? ''),
  }
}

function othersIn(data: Record<string, string>): Record<string, string> {
  const { [currentKey]: _, [previousKey]: _before, [joinedKey]: _both, ...others } = data
  return others
}

/** Space-separated, new before old: one environment variable with everything that verifies. */
function joined({ current, previous }: Partial<SigningSecrets>): string | undefined {
  if (current === undefined) return undefined
  return previous === undefined ? current : `${current} ${previous}`
}

function lastWriterOf({ metadata }: Secret): string | undefined {
  const newest = (metadata.managedFields ?? []).toSorted((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]
  return newest?.manager
}

function decode(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined
  const text = Buffer.from(base64, 'base64').toString('utf8')
  return text === '' ? undefined : text
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
