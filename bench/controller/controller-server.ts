import { controllerSettings } from '../../src/config/controller-config.ts'
import { startController } from '../../src/roles/controller.ts'
import { benchRoleDeps, settingsFrom } from './role-deps.ts'
import type { ProcessCost } from './process-cost.ts'

const stopWithinMs = 10_000

/**
 * `gwh controller` as it ships, told its name and flags as arguments; needs --expose-gc. Any message is answered with
 * what the process has cost so far. Tells the port of its health server and ends with its parent.
 */
const [name = 'controller', ...flags] = process.argv.slice(2)
const running = await startController(settingsFrom(controllerSettings, flags), benchRoleDeps(name))
process.on('message', () => {
  // Twice: what the first round's finalizers let go is only found by the second.
  global.gc?.()
  global.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const cost: ProcessCost = {
    heapBytes: heapUsed + external,
    residentBytes: rss,
    peakResidentBytes: process.resourceUsage().maxRSS * 1024,
    cpuMs: (user + system) / 1000,
  }
  process.send?.(cost)
})
process.once('disconnect', () => {
  void running.stop().then(() => process.exit(0))
  // A parent that was killed has taken the API server along, and an orderly stop could wait for it.
  setTimeout(() => process.exit(1), stopWithinMs).unref()
})
process.send?.({ port: running.healthPort })
