import { hostname } from 'node:os'

import packageJson from '../package.json' with { type: 'json' }
import { roleCommand, runCommand } from './cli/run-command.ts'
import type { InstallationWithPage } from './cli/user-command.ts'
import { userCommands } from './cli/user-commands.ts'
import { writeTo } from './cli/write-to.ts'
import { systemClock } from './clock.ts'
import { controllerSettings } from './config/controller-config.ts'
import { podAccess } from './config/pod-access.ts'
import { receiverSettings } from './config/receiver-config.ts'
import { sandboxSettings } from './config/sandbox-config.ts'
import type { Environment } from './config/sources.ts'
import type { ProcessDeps } from './roles/process-deps.ts'

/** What main.ts takes from the process. */
interface ProgramDeps {
  args: readonly string[]
  env: Environment
  random: () => number
  host: ProcessDeps['host']
  program?: readonly string[]
}

/** `gwh`: finds the command that was named and runs it. Resolves with the exit code. */
export async function runProgram({ args, env, random, host, program }: ProgramDeps): Promise<number> {
  const context: ProcessDeps = {
    clock: systemClock,
    random,
    version: packageJson.version,
    hostname: hostname(),
    pod: podAccess(env),
    host,
    ...(program !== undefined && { program }),
    out: writeTo(process.stdout),
    err: writeTo(process.stderr),
  }

  // Imported when needed: the receiver must not load the Google SDK, and help must not wait for either.
  const roles = [
    roleCommand(
      controllerSettings,
      'Register webhooks at Google and keep their secrets; one per cluster is active.',
      async (config, described) => (await import('./roles/controller.ts')).runController(config, described, context),
    ),
    roleCommand(
      receiverSettings,
      'Serve the public endpoint, store deliveries, hand them to the sinks.',
      async (config, described) => (await import('./roles/receiver.ts')).runReceiver(config, described, context),
    ),
    roleCommand(
      sandboxSettings,
      'A playground in one process; needs no cluster and no API key.',
      async (config, described) => (await import('./roles/sandbox/run.ts')).runSandbox(config, described, context),
    ),
  ]
  const installation: InstallationWithPage = {
    clock: context.clock,
    random: context.random,
    cluster: async (config) => (await import('./cli/operator-access.ts')).clusterIn(context)(config),
    receivers: async (config) => (await import('./cli/deliveries/open-receivers.ts')).receiversIn(context)(config),
    operator: async (config) => (await import('./cli/operator-access.ts')).operatorIn(context)(config),
    ui: async (config) => (await import('./ui/start-ui.ts')).startUi(config, context),
  }
  const commands = [...roles, ...userCommands(installation, roles)]

  const { version, out, err } = context
  return runCommand(args, commands, { env, version, out, err })
}
