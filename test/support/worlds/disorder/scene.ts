import { readFileSync, writeFileSync } from 'node:fs'

import type { WorkingConfig } from '../../../../src/controller/config.ts'
import { shippedConfig } from '../../builders/shipped-config.ts'
import type { SwitchChanges } from '../../../../playground/webhook-service/switches.ts'
import { startControllerFixture } from '../controller-fixture.ts'
import { openSeverableLink, type SeverableLink } from '../../doubles/severable-link.ts'

export type World = Awaited<ReturnType<typeof startControllerFixture>>

export const name = 'batch-events'

/**
 * Short, in the proportions of production. Budgets of a day are over in a moment, for a history is a day in some
 * seconds.
 */
const shortTimes = {
  callTimeoutMs: 400,
  settleExtraMs: 400,
  confirmIntervalMs: 300,
  receiverSeenWaitMs: 30,
  resyncIntervalMs: 1000,
  pingRepeatMs: 600,
  pingAttempts: shippedConfig.pingAttempts + 2,
  repairWindowMs: 200,
  reenableWindowMs: 200,
} as const satisfies Partial<WorkingConfig>

/** A world with one object in it, and the hands that disturb it. */
export interface Scene {
  world: World
  /** Between the controller and the API server. */
  link: SeverableLink
  pick: <T>(from: readonly T[]) => T
  /** A number that was not used before. */
  next: () => number
  /** Begins something that ends when the next such thing begins, or with `settle`. */
  passing: (begin: () => void, end: () => void) => void
  /** Ends what still goes on. */
  settle: () => void
  restart: () => Promise<void>
  /** Passes over the object since the controller that runs now was started. */
  passes: () => Promise<number>
}

export async function openScene(
  t: Parameters<typeof startControllerFixture>[0],
  random: () => number,
  switches: SwitchChanges = {},
): Promise<Scene> {
  let kubeconfig = ''
  const world = await startControllerFixture(t, {
    config: shortTimes,
    switches,
    controllerKubeconfig: async () => kubeconfig,
  })
  const text = readFileSync(world.kubeconfigPath, 'utf8')
  const { host, hostname, port } = new URL(/server: "?(https:\/\/[^\s"]+)/.exec(text)?.[1] ?? '')
  const link = await openSeverableLink({ host: hostname, port: Number(port) })
  t.after(() => link.stop())
  kubeconfig = `${world.kubeconfigPath}-through-the-link`
  writeFileSync(kubeconfig, text.replaceAll(host, link.address), { mode: 0o600 })
  let running = await world.startController()
  let count = 0
  let end: (() => void) | undefined
  const settle = () => {
    end?.()
    end = undefined
  }
  return {
    world,
    link,
    pick: <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T,
    next: () => (count += 1),
    passing(begin, over) {
      settle()
      end = over
      begin()
    },
    settle,
    async restart() {
      // Whoever starts needs an API server.
      settle()
      await running.stop()
      running = await world.startController()
    },
    async passes() {
      const lines = (await running.scrape()).matchAll(/^gwh_reconcile_total\{.*\} (\d+)$/gm)
      return [...lines].reduce((sum, [, value]) => sum + Number(value), 0)
    },
  }
}
