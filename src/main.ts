#!/usr/bin/env node
import { hostname } from 'node:os'

import packageJson from '../package.json' with { type: 'json' }
import { roleCommand, runCommand } from './cli/run-command.ts'
import { systemClock } from './clock.ts'
import { controllerSettings } from './config/controller-config.ts'
import { receiverSettings } from './config/receiver-config.ts'
import { sandboxSettings } from './config/sandbox-config.ts'
import type { RoleContext } from './roles/role-context.ts'

const isSource = import.meta.url.endsWith('.ts')

const context: RoleContext = {
  clock: systemClock,
  random: Math.random,
  version: packageJson.version,
  hostname: hostname(),
  host: process,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  inboxWorkerUrl: new URL(isSource ? './inbox/sqlite/worker.ts' : './inbox-worker.mjs', import.meta.url),
}

const notYet = () => {
  context.err('gwh: this command is not part of this version yet\n')
  return Promise.resolve(1)
}

// Imported when needed: the receiver must not load the Google SDK, and help must not wait for either.
const commands = [
  roleCommand(
    controllerSettings,
    'Register webhooks at Google and keep their secrets; one per cluster is active.',
    async (config, described) => (await import('./roles/controller.ts')).runController(config, described, context),
  ),
  roleCommand(receiverSettings, 'Serve the public endpoint, store deliveries, hand them to the sinks.', notYet),
  roleCommand(sandboxSettings, 'A playground in one process; needs no cluster and no API key.', notYet),
]

const { version, out, err } = context
process.exitCode = await runCommand(process.argv.slice(2), commands, { env: process.env, version, out, err })
// What a role leaves open by mistake must not keep a stopped pod in Terminating; the timer itself keeps nothing alive.
setTimeout(() => process.exit(), 2000).unref()
