import { receiverSettings } from '../../src/config/receiver-config.ts'
import { startReceiver } from '../../src/roles/receiver.ts'
import { benchRoleDeps, settingsFrom } from './role-deps.ts'

/** `gwh receiver` as it ships, told its flags as arguments. Tells its public port and ends with its parent. */
const running = await startReceiver(
  settingsFrom(receiverSettings, process.argv.slice(2)),
  benchRoleDeps('bench-receiver'),
)
process.once('disconnect', () => void running.stop().then(() => process.exit(0)))
process.send?.({ port: running.port })
