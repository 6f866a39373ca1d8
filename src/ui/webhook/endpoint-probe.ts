import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { reachEndpoint, type Reach } from '../../cli/webhook/reach-endpoint.ts'
import type { Clock } from '../../clock.ts'
import type { UiConfig } from '../../config/ui-config.ts'
import { openOutbound } from '../../outbound/open-outbound.ts'

const timeoutMs = 10_000
/** A page that shows an object asks for it again with every change. */
const rememberedMs = 60_000
const maxRemembered = 1_000

/** Tries public addresses from here, each once a minute. */
export function endpointProbe(config: UiConfig, clock: Clock) {
  const outbound = openOutbound(config, { connections: 2, keepAlive: false })
  const known = new Map<string, { atMs: number; reach: Promise<Reach> }>()
  return {
    /** Undefined where it is not asked for, not known yet, or a server of the user's own. */
    async reach({ spec, status }: GeminiWebhook): Promise<Reach | undefined> {
      const url = status?.endpoint?.url
      if (!config.probe || url === undefined || spec.endpoint?.url !== undefined) return undefined
      const nowMs = clock.monotonic()
      const last = known.get(url)
      if (last !== undefined && nowMs - last.atMs < rememberedMs) return last.reach
      if (known.size >= maxRemembered) known.clear()
      const reach = reachEndpoint(url, { outbound, timeoutMs })
      known.set(url, { atMs: nowMs, reach })
      return reach
    },
    close: () => outbound.close(),
  }
}
