import packageJson from '../package.json' with { type: 'json' }
import { roleCommand, runCommand } from './cli/run-command.ts'
import { controllerSettings } from './config/controller-config.ts'
import { receiverSettings } from './config/receiver-config.ts'
import { sandboxSettings } from './config/sandbox-config.ts'

const notYet = () => {
  process.stderr.write('gwh: this command is not part of this version yet\n')
  return Promise.resolve(1)
}

const commands = [
  roleCommand(
    controllerSettings,
    'Register webhooks at Google and keep their secrets; one per cluster is active.',
    notYet,
  ),
  roleCommand(receiverSettings, 'Serve the public endpoint, store deliveries, hand them to the sinks.', notYet),
  roleCommand(sandboxSettings, 'A playground in one process; needs no cluster and no API key.', notYet),
]

process.exitCode = await runCommand(process.argv.slice(2), commands, {
  env: process.env,
  version: packageJson.version,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
})
