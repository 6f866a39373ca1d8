#!/usr/bin/env node
import { hostname } from 'node:os'

import packageJson from '../package.json' with { type: 'json' }
import { roleCommand, runCommand } from './cli/run-command.ts'
import { userCommands } from './cli/user-commands.ts'
import { systemClock } from './clock.ts'
import { controllerSettings } from './config/controller-config.ts'
import { receiverSettings } from './config/receiver-config.ts'
import { sandboxSettings } from './config/sandbox-config.ts'
import type { RoleContext } from './roles/role-context.ts'

const context: RoleContext = {
  clock: systemClock,
  random: Math.random,
  version: packageJson.version,
  hostname: hostname(),
  host: process,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
}

// Imported when needed: the receiver must not load the Google SDK, and help must not wait for either.
const commands = [
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
    async (config, described) => (await import('./roles/sandbox.ts')).runSandbox(config, described, context),
  ),
  ...userCommands({
    clock: context.clock,
    random: context.random,
    cluster: async () => (await import('./cli/operator-access.ts')).clusterIn(context),
    receivers: async () => (await import('./cli/deliveries/receivers.ts')).receiversIn(context),
    operator: async () => (await import('./cli/operator-access.ts')).operatorIn(context),
  }),
]

const { version, out, err } = context
process.exitCode = await runCommand(process.argv.slice(2), commands, { env: process.env, version, out, err })
// What a role leaves open by mistake must not keep a stopped pod in Terminating; the timer itself keeps nothing alive.
setTimeout(() => process.exit(), 2000).unref()
