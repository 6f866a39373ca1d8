import { boundFetch } from '../outbound/bound-fetch.ts'
import { findProxyError } from '../outbound/proxy-error.ts'
import { JwksKeeper } from '../signature/jwks-keeper.ts'
import type { RoleDeps } from './process-deps.ts'

/**
 * Google's has three keys in 1 KiB. All of it is parsed and copied on the serving thread: 8 MiB of empty keys cost six
 * seconds and a gigabyte.
 */
const maxKeySetBytes = 64 * 1024

/** The keeper of Google's public keys, with its metrics and log lines. It fetches nothing before it is started. */
export function createJwksKeeper(
  url: string,
  {
    clock,
    random,
    logger,
    metrics,
    fetch: way = fetch,
  }: Pick<RoleDeps, 'clock' | 'random' | 'logger' | 'metrics'> & { fetch?: typeof fetch },
): JwksKeeper {
  const looks = metrics.counter({
    name: 'gwh_receiver_jwks_looks_total',
    help: "Fetches of Google's public keys, which dynamic endpoints need. Known keys stay in use, however many fetches fail.",
    labels: ['outcome'],
  })
  let lastGoodMs: number | undefined
  metrics.gauge({
    name: 'gwh_receiver_jwks_age_seconds',
    help: "Time since Google's public keys were last read; 0 before the first time, and without dynamic endpoints.",
    collect: () => (lastGoodMs === undefined ? 0 : (clock.monotonic() - lastGoodMs) / 1000),
  })
  return new JwksKeeper({
    url: new URL(url),
    clock,
    random,
    fetch: boundFetch(way, maxKeySetBytes),
    onLook: (outcome) => {
      looks.add(1, { outcome: outcome.ok ? 'ok' : 'failed' })
      if (outcome.ok) {
        lastGoodMs = clock.monotonic()
        logger.debug({ keys: outcome.value }, 'jwks.read')
      } else {
        logger.warn({ error: findProxyError(outcome.problem) ?? outcome.problem }, 'jwks.unreadable')
      }
    },
  })
}
