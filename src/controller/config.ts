/**
 * What the controller is configured with. Some fields are settings of the program (`src/config/controller-config.ts`);
 * the others keep their value of `defaultControllerConfig` in production, and tests shorten them. `configProblems`
 * names values that contradict each other.
 */
export interface ControllerConfig {
  /** The operator's own namespace: installation, keyring and receiver reports live there. */
  namespace: string
  /** Public address of the receivers, may carry a path prefix; endpoints are `<baseUrl>/v1/s/<namespace>/<name>`. */
  baseUrl: string
  /** Host names that `spec.endpoint.hostname` may name. */
  allowedHostnames: readonly string[]
  /** Absent: every namespace. */
  watchNamespaces?: readonly string[]
  /** Absent: minted once and kept in a ConfigMap. */
  installationId?: string
  /** DNS suffix of Service addresses, e.g. `cluster.local`; absent: names end in `.svc`. */
  clusterDomain?: string
  /** First tokens of the subjects of NATS sinks; absent: there are none. */
  natsSinkPrefix?: string
  /** Kinds that a sink's `ref` may name, `GROUP/VERSION/KIND=PLURAL`. */
  addressableKinds: readonly string[]
  /** Namespaces whose Services such an object may have as its address, besides its own. */
  addressableNamespaces: readonly string[]
  /** Services of sinks may be headless, without selector, or with endpoints that are no pods of their namespace. */
  allowForeignEndpoints: boolean
  /**
   * Keys that `spec.signingSecret.labels` may put on a Secret; with a slash or an asterisk at the end, the beginning of
   * keys.
   */
  allowedSecretLabels: readonly string[]
  /** Likewise for annotations. */
  allowedSecretAnnotations: readonly string[]
  workers: number
  /** Bound of a create or rotate call; the settle time is this and `settleExtraMs`. */
  callTimeoutMs: number
  /** How long after the last possible end of a call its effect may still be on its way. */
  settleExtraMs: number
  /** Two looks this far apart decide that a webhook is gone, or that a secret is foreign. */
  confirmIntervalMs: number
  /** Head start for receivers between the written intent and a rotation. */
  receiverSeenWaitMs: number
  resyncIntervalMs: number
  pingRepeatMs: number
  pingAttempts: number
  /**
   * Names at Google that lack the token of this installation are given it over this long after a start, not all at
   * once.
   */
  fenceSpreadMs: number
  /** How often `endpointCheck: Periodic` proves the endpoint again. */
  checkPeriodMs: number
  /** How often an object whose address a sink uses is read again, and a Service where Services may not be watched. */
  sinkRecheckMs: number
  credentialsRetryMs: number
  /** After this long without its API key, the webhook of a terminating namespace is given up. */
  releaseAfterMs: number
  /** How long the service keeps a rotated secret valid. */
  secretOverlapMs: number
  /** Repairs of one object within `repairWindowMs` before it is Stalled. */
  maxRepairs: number
  repairWindowMs: number
  /** How often within `reenableWindowMs` a webhook that Google disabled is enabled again. */
  maxReenables: number
  reenableWindowMs: number
  /** Keyring entries that wait this long share one patch. */
  keyringBatchMs: number
  /**
   * Between two readings of one ConfigMap that receivers report into, however often it is written; a full one rests
   * twice as long.
   */
  reportRestMs: number
  /** How often at most counts of pending deliveries and dead letters alone cause a status write of an object. */
  countsIntervalMs: number
  /** Whether a scrape names every object. */
  objectMetrics: boolean
}

export const defaultControllerConfig = {
  allowedHostnames: [],
  addressableKinds: [],
  addressableNamespaces: [],
  allowForeignEndpoints: false,
  allowedSecretLabels: [],
  allowedSecretAnnotations: ['reloader.stakater.com/', 'secret.reloader.stakater.com/'],
  workers: 8,
  callTimeoutMs: 10_000,
  settleExtraMs: 30_000,
  confirmIntervalMs: 60_000,
  receiverSeenWaitMs: 2_000,
  resyncIntervalMs: 600_000,
  pingRepeatMs: 30_000,
  pingAttempts: 3,
  fenceSpreadMs: 3_600_000,
  checkPeriodMs: 24 * 3_600_000,
  sinkRecheckMs: 60_000,
  credentialsRetryMs: 900_000,
  releaseAfterMs: 600_000,
  secretOverlapMs: 24 * 3_600_000,
  maxRepairs: 3,
  repairWindowMs: 24 * 3_600_000,
  maxReenables: 3,
  reenableWindowMs: 24 * 3_600_000,
  keyringBatchMs: 20,
  reportRestMs: 2_000,
  countsIntervalMs: 60_000,
  objectMetrics: false,
} as const satisfies Partial<ControllerConfig>

export function settleMsOf(config: Pick<ControllerConfig, 'callTimeoutMs' | 'settleExtraMs'>): number {
  return config.callTimeoutMs + config.settleExtraMs
}

/**
 * Settings that contradict each other or the protocol; empty when all is well. Each names the settings, what is wrong
 * and what to do.
 */
export function configProblems(config: ControllerConfig): string[] {
  const problems: string[] = []
  const check = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem)
  }
  check(URL.canParse(config.baseUrl), `baseUrl "${config.baseUrl}" is no URL: give the public address of the receivers`)
  check(config.workers >= 1, `workers is ${config.workers}: give at least 1`)
  check(config.pingAttempts >= 1, `pingAttempts is ${config.pingAttempts}: give at least 1`)
  check(
    config.settleExtraMs >= config.callTimeoutMs,
    `settleExtra (${config.settleExtraMs} ms) is shorter than callTimeout (${config.callTimeoutMs} ms): a late call could end after its intent was settled; raise settleExtra`,
  )
  check(
    config.resyncIntervalMs > config.confirmIntervalMs,
    `resyncInterval (${config.resyncIntervalMs} ms) must be longer than confirmInterval (${config.confirmIntervalMs} ms): raise resyncInterval`,
  )
  check(
    config.receiverSeenWaitMs < settleMsOf(config),
    `receiverSeenWait (${config.receiverSeenWaitMs} ms) must be shorter than the settle time (${settleMsOf(config)} ms): lower receiverSeenWait`,
  )
  check(
    config.secretOverlapMs > settleMsOf(config) + config.confirmIntervalMs,
    `secretOverlap (${config.secretOverlapMs} ms) must outlast settling and confirming (${settleMsOf(config) + config.confirmIntervalMs} ms): raise secretOverlap`,
  )
  return problems
}

/** However often a call has failed, the next try comes no later than this after the settle time of the last. */
export const longestPauseMs = 900_000
