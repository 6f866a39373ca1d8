import { JwksKeeper } from '../signature/jwks-keeper.ts'
import type { RoleDeps } from './role-context.ts'

/** The keeper of Google's public keys, with its metrics and log lines. It asks for nothing before it is started. */
export function createJwksKeeper(
  url: string,
  { clock, random, logger, metrics }: Pick<RoleDeps, 'clock' | 'random' | 'logger' | 'metrics'>,
): JwksKeeper {
  const looks = metrics.counter({
    name: 'gwh_receiver_jwks_looks_total',
    help: "Looks at Google's public keys, which dynamic endpoints need; keys that were read once stay in use however many fail.",
    labels: ['outcome'],
  })
  let lastGoodMs: number | undefined
  metrics.gauge({
    name: 'gwh_receiver_jwks_age_seconds',
    help: "Since Google's public keys were last read; 0 before the first time, and without dynamic endpoints.",
    collect: () => (lastGoodMs === undefined ? 0 : (clock.monotonic() - lastGoodMs) / 1000),
  })
  return new JwksKeeper({
    url: new URL(url),
    clock,
    random,
    fetch,
    onLook: (outcome) => {
      looks.add(1, { outcome: outcome.ok ? 'ok' : 'failed' })
      if (outcome.ok) {
        lastGoodMs = clock.monotonic()
        logger.debug({ keys: outcome.keys }, 'jwks.read')
      } else {
        logger.warn({ err: outcome.error }, 'jwks.unreadable')
      }
    },
  })
}
