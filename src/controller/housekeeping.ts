import type { Clock } from '../clock.ts'
import type { WorkingConfig } from './config.ts'

interface HousekeepingOptions {
  clock: Clock
  config: Pick<WorkingConfig, 'resyncIntervalMs' | 'confirmIntervalMs'>
  /** True once the installation is confirmed: then looking at it again can wait. */
  checkInstallation: () => Promise<boolean>
  sweep: () => Promise<void>
  onError: (error: unknown) => void
}

/**
 * Periodic work that belongs to no single object: checks whether this is still the right cluster, and removes keyring
 * entries, API keys and memories that are not used any more.
 */
export function startHousekeeping(options: HousekeepingOptions): { stop(): Promise<void> } {
  const { clock, config, checkInstallation, sweep, onError } = options
  let stopped = false
  let confirmed = false
  let cancel: (() => void) | undefined
  let running: Promise<void> = Promise.resolve()

  async function round(): Promise<void> {
    try {
      confirmed = await checkInstallation()
      if (confirmed) await sweep()
    } catch (error) {
      onError(error)
    }
    if (!stopped) plan(confirmed ? config.resyncIntervalMs : config.confirmIntervalMs)
  }

  function plan(delayMs: number): void {
    cancel = clock.after(delayMs, () => {
      running = round()
    })
  }

  plan(config.confirmIntervalMs)
  return {
    async stop() {
      stopped = true
      cancel?.()
      await running
    },
  }
}
