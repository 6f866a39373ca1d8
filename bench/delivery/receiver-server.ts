import { openSync } from 'node:fs'
import { join } from 'node:path'

import { systemClock } from '../../src/clock.ts'
import { receiverSettings } from '../../src/config/receiver-config.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { startReceiver } from '../../src/roles/receiver.ts'
import { settingsFrom } from '../controller/role-deps.ts'
import { tellCost } from '../process-cost.ts'

const stopWithinMs = 10_000

/**
 * `gwh receiver` as it ships: folder for its log, then its flags, as arguments. Tells its public port, answers each
 * message with the milliseconds of CPU and the resident bytes that it has taken, and ends with its parent.
 */
const [folder = '', ...flags] = process.argv.slice(2)
const running = await startReceiver(settingsFrom(receiverSettings, flags), {
  clock: systemClock,
  random: Math.random,
  logger: createLogger({ level: 'info', name: 'bench-receiver', fd: openSync(join(folder, 'receiver.log'), 'a') }),
  metrics: createMetrics({ processMetrics: true }),
  version: 'bench',
  hostname: 'bench-receiver',
})
process.on('message', tellCost)
process.once('disconnect', () => {
  void running.stop().then(() => process.exit(0))
  setTimeout(() => process.exit(1), stopWithinMs).unref()
})
process.send?.({ port: running.port })
