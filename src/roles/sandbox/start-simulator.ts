import { getCACertificates } from 'node:tls'

import { createWebhookServiceSimulator } from '../../../playground/webhook-service/simulator.ts'
import type { SimulatorAdmin } from '../../../playground/webhook-service/admin.ts'
import type { RoleDeps } from '../process-deps.ts'

/** Not a secret: it opens nothing but a sandbox. */
export const sandboxApiKey = 'sandbox-api-key'
export const sandboxProject = 'sandbox'

/** Of so many addresses the last request is kept. */
const maxAddresses = 100

export interface SentRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface RunningSimulator {
  url: string
  apiKey: string
  admin: SimulatorAdmin
  /** The last request to this address that was answered 2xx, as it was sent. */
  lastAccepted(uri: string): SentRequest | undefined
  close(): Promise<void>
}

interface SimulatorPlace {
  readonly host: string
  readonly port: number
  /** PEM; trusted besides the well-known ones. */
  readonly authority?: string
  readonly onAdvanced?: () => void
}

/** The simulated WebhookService with one project and one API key. */
export async function startSimulator(
  { host, port, authority, onAdvanced }: SimulatorPlace,
  { clock, random, logger }: Pick<RoleDeps, 'clock' | 'random' | 'logger'>,
): Promise<RunningSimulator> {
  const accepted = new Map<string, SentRequest>()
  const simulator = createWebhookServiceSimulator({
    clock,
    random,
    logger,
    onAttempt({ uri, headers, body }, { status = 0 }) {
      if (status < 200 || status >= 300) return
      accepted.delete(uri)
      accepted.set(uri, { headers, body })
      const [oldest] = accepted.keys()
      if (accepted.size > maxAddresses && oldest !== undefined) accepted.delete(oldest)
    },
    ...(onAdvanced !== undefined && { onAdvanced }),
    ...(authority !== undefined && { trustedCertificates: [...getCACertificates('default'), authority] }),
  })
  const { url } = await simulator.listen({ host, port })
  simulator.admin.createProject(sandboxProject)
  simulator.admin.createApiKey(sandboxProject, sandboxApiKey)
  return {
    url,
    apiKey: sandboxApiKey,
    admin: simulator.admin,
    lastAccepted: (uri) => accepted.get(uri),
    close: () => simulator.close(),
  }
}
