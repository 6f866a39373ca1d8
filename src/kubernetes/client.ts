/**
 * The Kubernetes API as this project uses it: raw JSON in and out, one method per verb, errors as `KubernetesApiError`.
 */

export interface ResourceKind {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

/** The object that another one goes with. */
export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
}

interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  managedFields?: { manager?: string; operation?: string; time?: string; subresource?: string }[]
}

export interface KubernetesObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

export interface ListPage<T> {
  items: T[]
  resourceVersion: string
  /** Absent on the last page. */
  continueToken?: string
}

export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; resourceVersion: string; initialEventsEnd: boolean }
  | { type: 'ERROR'; status: number; reason: string; message: string }

export interface ReadOptions {
  signal?: AbortSignal
  timeoutMs?: number
}

export interface ListOptions extends ReadOptions {
  /** Absent: all namespaces. */
  namespace?: string
  labelSelector?: string
  fieldSelector?: string
  limit?: number
  continueToken?: string
  resourceVersion?: string
  /** Ask for PartialObjectMetadata only: the way Secrets are watched. */
  metadataOnly?: boolean
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continueToken' | 'timeoutMs'> {
  allowBookmarks?: boolean
  /** The server ends the watch itself after this many seconds. */
  serverTimeoutSeconds?: number
  /** Called once, when the server has taken the watch: long before its first event, perhaps. Must not throw. */
  onOpen?: () => void
}

export interface WriteOptions extends ReadOptions {
  /** Checked like a real write, by rights, admission, quota and validation, and then not stored (`dryRun=All`). */
  dryRun?: boolean
}

export interface PatchOptions extends WriteOptions {
  /** A JSON merge patch: null takes away. */
  type: 'merge'
  subresource?: 'status'
}

export interface DeleteOptions extends ReadOptions {
  preconditions?: { uid?: string; resourceVersion?: string }
}

/**
 * One API server. Reads retry transient failures by themselves (429, 5xx, resets), writes only where the server said
 * that it did nothing (429 with Retry-After, connection refused). Every call is bounded by a timeout. A missing object
 * is a value on `get`, an error elsewhere.
 */
export interface KubernetesClient {
  get<T extends KubernetesObject>(kind: ResourceKind, key: ObjectKey, options?: ReadOptions): Promise<T | undefined>
  /**
   * Each object is handed to `keep` as it comes, and what that returns is what is listed: memory is taken by what is
   * kept, not by what a page holds.
   */
  list<T extends KubernetesObject, K = T>(
    kind: ResourceKind,
    options?: ListOptions & { keep?: (object: T) => K },
  ): Promise<ListPage<K>>
  watch<T extends KubernetesObject>(kind: ResourceKind, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  create<T extends KubernetesObject>(kind: ResourceKind, object: T, options?: WriteOptions): Promise<T>
  /** PUT; with `metadata.resourceVersion` set it is guarded by optimistic locking. */
  replace<T extends KubernetesObject>(kind: ResourceKind, object: T, options?: WriteOptions): Promise<T>
  replaceStatus<T extends KubernetesObject>(kind: ResourceKind, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubernetesObject>(
    kind: ResourceKind,
    key: ObjectKey,
    body: unknown,
    options: PatchOptions,
  ): Promise<T>
  delete(kind: ResourceKind, key: ObjectKey, options?: DeleteOptions): Promise<void>
  /**
   * The server's own clock from the Date header of its last answer, as milliseconds it is ahead of ours; undefined
   * before the first.
   */
  readonly serverClockSkewMs: number | undefined
  /** Host name or address of the API server, without the port. */
  readonly serverHost: string
  close(): Promise<void>
}

/**
 * A refusal by the API server, or no answer at all (`status` 0). The message carries the server's text, which never
 * echoes Secret data.
 */
export class KubernetesApiError extends Error {
  override readonly name = 'KubernetesApiError'
  readonly status: number
  /**
   * The Status object's machine-readable reason: NotFound, Conflict, AlreadyExists, Invalid, Expired ...; Timeout or
   * Unreachable without an answer.
   */
  readonly reason: string
  readonly retryAfterMs: number | undefined

  constructor(details: {
    status: number
    reason: string
    message: string
    retryAfterMs?: number | undefined
    cause?: unknown
  }) {
    super(details.message, { cause: details.cause })
    this.status = details.status
    this.reason = details.reason
    this.retryAfterMs = details.retryAfterMs
  }
}

export function isConflict(error: unknown): boolean {
  return error instanceof KubernetesApiError && error.status === 409
}

export function isForbidden(error: unknown): boolean {
  return error instanceof KubernetesApiError && error.status === 403
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubernetesApiError && error.status === 404
}

/**
 * Answers of 400 to 499 that time, or another try, may turn: a token that is renewed, what is not there yet, a lost
 * race, too many calls.
 */
const passingStatuses: ReadonlySet<number> = new Set([401, 404, 408, 409, 410, 425, 429])

/**
 * The server understood and will say the same again: rights that are missing, a quota that is used up, a namespace that
 * is going, an immutable object, an admission policy or webhook. Decided from the status alone: an admission webhook
 * may choose any, and by default says 400 or 403.
 */
export function isRefusal(error: unknown): error is KubernetesApiError {
  if (!(error instanceof KubernetesApiError)) return false
  return error.status >= 400 && error.status < 500 && !passingStatuses.has(error.status)
}
