import { type DynamicEndpointEntry, maxLiveTokens } from '../../contract/keyring/entry.ts'
import {
  handledTokenRequestsAnnotation,
  managedByLabel,
  managedByValue,
  ownerNameAnnotation,
  ownerUidAnnotation,
  previousTokensAnnotation,
} from '../../api/names.ts'
import type { OwnerReference } from '../../kubernetes/client.ts'
import type { Secret } from '../../kubernetes/core-kinds.ts'

/** A token that was replaced, as its hash. */
export interface PreviousToken {
  hash: string
  /** RFC 3339; from then on it opens nothing. */
  notAfter: string
}

/** What the Secret is to say next, and why it is written. */
export interface WantedDynamicContent {
  /** Absent: a new one is to be made. */
  token?: string
  previous: PreviousToken[]
  handledRequestIDs: string[]
  cause: 'Created' | 'Lost' | 'Requested' | 'Updated'
}

/** What is known of the Secret that publishes a dynamic endpoint to jobs. */
export interface DynamicSecret {
  /**
   * `inherited`: left by an object of the same name, which no longer exists; its token stays valid, as after a cluster
   * was rebuilt. `stranger`: it carries neither, and is never written.
   */
  ownership: 'ours' | 'inherited' | 'stranger'
  resourceVersion: string
  /** Absent where there is none that is long enough: the Secret was emptied, or has a password of the user's own. */
  token?: string
  uri?: string
  /**
   * Newest first. They stand in an annotation, so that one write replaces the token and says what becomes of the old
   * one.
   */
  previous: PreviousToken[]
  /** Ids of `spec.dynamic.tokenRequest` that never make a new token again, newest last. */
  handledRequestIDs: string[]
  labels: Record<string, string>
  annotations: Record<string, string>
}

const dynamicSecretKeys = { uri: 'uri', token: 'token' } as const

/** 128 bits or more, in characters that need no escaping in a path. */
const tokenPattern = /^[A-Za-z0-9_-]{22,128}$/
const previousPattern = /^([0-9a-f]{64})@(\S{1,64})$/

/** Whose endpoint the Secret publishes. */
export interface DynamicSecretOwner {
  namespace: string
  /** Of a route `groute/NAME`, so that it never is the one of a webhook. */
  name: string
  uid: string
  /** The object whose end Kubernetes ends the Secret with. Absent: a finalizer sees to it. */
  reference?: OwnerReference
}

export function readDynamicSecret(
  { metadata, data = {} }: Secret,
  owner: Pick<DynamicSecretOwner, 'uid' | 'name'>,
): DynamicSecret {
  const annotations = metadata.annotations ?? {}
  const token = decode(data[dynamicSecretKeys.token])
  const uri = decode(data[dynamicSecretKeys.uri])
  return {
    ownership: ownershipOf(annotations, owner),
    resourceVersion: metadata.resourceVersion ?? '',
    ...(token !== undefined && tokenPattern.test(token) && { token }),
    ...(uri !== undefined && { uri }),
    previous: readPrevious(annotations[previousTokensAnnotation]),
    handledRequestIDs: listOf(annotations[handledTokenRequestsAnnotation]),
    labels: metadata.labels ?? {},
    annotations,
  }
}

function ownershipOf(
  annotations: Record<string, string>,
  owner: Pick<DynamicSecretOwner, 'uid' | 'name'>,
): DynamicSecret['ownership'] {
  const uid = annotations[ownerUidAnnotation]
  if (uid === owner.uid) return 'ours'
  return uid !== undefined && annotations[ownerNameAnnotation] === owner.name ? 'inherited' : 'stranger'
}

/** What the Secret is to say. */
export interface DynamicContent {
  token: string
  uri: string
  previous: PreviousToken[]
  handledRequestIDs: string[]
}

/**
 * The whole Secret as it is to be; what others put on its metadata stays. Without `existing` it is a POST, which never
 * overwrites.
 */
export function buildDynamicSecret(
  owner: DynamicSecretOwner,
  secretName: string,
  content: DynamicContent,
  existing?: Pick<DynamicSecret, 'resourceVersion' | 'labels' | 'annotations'>,
): Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      namespace: owner.namespace,
      name: secretName,
      labels: { ...existing?.labels, [managedByLabel]: managedByValue },
      annotations: {
        ...existing?.annotations,
        [ownerUidAnnotation]: owner.uid,
        [ownerNameAnnotation]: owner.name,
        [previousTokensAnnotation]: content.previous.map(({ hash, notAfter }) => `${hash}@${notAfter}`).join(','),
        [handledTokenRequestsAnnotation]: content.handledRequestIDs.join(','),
      },
      ...(owner.reference !== undefined && { ownerReferences: [owner.reference] }),
      ...(existing !== undefined && { resourceVersion: existing.resourceVersion }),
    },
    data: {
      [dynamicSecretKeys.uri]: encode(content.uri),
      [dynamicSecretKeys.token]: encode(content.token),
    },
  }
}

/** What cannot be read is left out: the annotation may have been edited. */
function readPrevious(text: string | undefined): PreviousToken[] {
  return listOf(text)
    .flatMap((each) => {
      const [, hash, notAfter] = previousPattern.exec(each) ?? []
      if (hash === undefined || notAfter === undefined || Number.isNaN(Date.parse(notAfter))) return []
      return [{ hash, notAfter }]
    })
    .slice(0, maxLiveTokens)
}

function listOf(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((each) => each !== '')
}

function decode(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString('utf8')
}

function encode(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

/** Hashes that receivers take for current, and of which the Secret knows nothing: it was lost, restored or edited. */
export function unlistedTokens(
  told: DynamicEndpointEntry | undefined,
  currentHash: string | undefined,
  previous: readonly { hash: string }[],
): string[] {
  return (told?.tokens ?? [])
    .filter(({ hash, notAfter }) => notAfter === undefined && hash !== currentHash)
    .map(({ hash }) => hash)
    .filter((hash) => !previous.some((known) => known.hash === hash))
}
