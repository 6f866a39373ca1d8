import { getCACertificates } from 'node:tls'

import { createWebhookServiceSimulator } from '../../../playground/webhook-service/simulator.ts'
import type { SimulatorAdmin } from '../../../playground/webhook-service/admin.ts'
import type { RoleDeps } from '../process-deps.ts'

/** Not a secret: it opens nothing but a sandbox. */
export const sandboxApiKey = 'sandbox-api-key'
const sandboxProject = 'sandbox'

export interface RunningSimulator {
  url: string
  apiKey: string
  admin: SimulatorAdmin
  close(): Promise<void>
}

/** The simulated WebhookService with one project and one API key. `authority` (PEM): trusted besides the well-known. */
export async function startSimulator(
  { host, port, authority }: { host: string; port: number; authority?: string },
  { clock, random, logger }: Pick<RoleDeps, 'clock' | 'random' | 'logger'>,
): Promise<RunningSimulator> {
  const simulator = createWebhookServiceSimulator({
    clock,
    random,
    logger,
    ...(authority !== undefined && { trustedCertificates: [...getCACertificates('default'), authority] }),
  })
  const { url } = await simulator.listen({ host, port })
  simulator.admin.createProject(sandboxProject)
  simulator.admin.createApiKey(sandboxProject, sandboxApiKey)
  return { url, apiKey: sandboxApiKey, admin: simulator.admin, close: () => simulator.close() }
}
