import { receiverSettings } from '../../src/config/receiver-config.ts'
import { startReceiver } from '../../src/roles/receiver.ts'
import { benchRoleDeps, settingsFrom } from './role-deps.ts'

const stopWithinMs = 10_000

/** `gwh receiver` as it ships, told its flags as arguments. Tells its public port and ends with its parent. */
const running = await startReceiver(
  settingsFrom(receiverSettings, process.argv.slice(2)),
  benchRoleDeps('bench-receiver'),
)
process.once('disconnect', () => {
  void running.stop().then(() => process.exit(0))
  // A parent that was killed has taken the API server along, and an orderly stop could wait for it.
  setTimeout(() => process.exit(1), stopWithinMs).unref()
})
process.send?.({ port: running.port })
