import { startUi } from '../../ui/start-ui.ts'
import type { RoleDeps } from '../process-deps.ts'
import { sandboxUiConfig } from './configs.ts'
import { playgroundRoutes } from './playground/routes.ts'
import type { Sandbox } from './start.ts'

/** The page of a sandbox, with the panel of the playground. `port` 0: any free one. */
export function startPage(
  sandbox: Sandbox,
  deps: RoleDeps,
  port: number,
): Promise<{ url: string; close(): Promise<void> }> {
  const { surroundings, kubeconfigPath, simulator } = sandbox
  const { authorityPath, clock } = surroundings
  const { random, version } = deps
  const config = sandboxUiConfig({ kubeconfigPath, webhookServiceUrl: simulator.url, authorityPath }, port)
  return startUi(config, { clock, random, version, playground: playgroundRoutes(surroundings) })
}
