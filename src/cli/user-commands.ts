import type { Clock } from '../clock.ts'
import { commandSettings as settings } from '../config/command-settings.ts'
import type { OpenCluster, OpenOperator } from './operator-access.ts'
import type { OpenReceivers } from './deliveries/receivers.ts'
import type { Command } from './run-command.ts'
import { userCommand } from './user-command.ts'

const maxNames = 10_000

/** What the commands work on; each is asked for when one runs: help must not wait for a Kubernetes client. */
interface Installation {
  readonly clock: Clock
  readonly random: () => number
  readonly receivers: () => Promise<OpenReceivers>
  readonly cluster: () => Promise<OpenCluster>
  readonly operator: () => Promise<OpenOperator>
}

/** The commands that people run against an installation. */
export function userCommands({ clock, random, receivers: open, cluster, operator }: Installation): Command[] {
  return [
    userCommand(settings.status, {
      summary: 'The chain from Google to the sinks, and its first broken link.',
      names: { placeholder: 'NAMESPACE/NAME', min: 0, max: 1 },
      run: async (config, [name], context) =>
        (await import('./webhook/status.ts')).showStatus(config, name, { context, open: await cluster() }),
    }),
    userCommand(settings.doctor, {
      summary: 'Whether the installation is well: controllers, receivers, what was left behind.',
      run: async (config, _names, context) =>
        (await import('./installation/doctor.ts')).examineInstallation(config, {
          context,
          open: await cluster(),
          clock,
        }),
    }),
    userCommand(settings.ping, {
      summary: 'Have Google send a test delivery, and see it arrive.',
      names: { placeholder: 'NAMESPACE/NAME', min: 1, max: 1 },
      run: async (config, [name = ''], context) => {
        const around = { context, open: await operator(), openReceivers: await open() }
        return (await import('./webhook/ping.ts')).pingWebhook(config, name, around)
      },
    }),
    userCommand(settings.rotate, {
      summary: 'Rotate a signing secret now.',
      names: { placeholder: 'NAMESPACE/NAME', min: 1, max: 1 },
      run: async (config, [name = ''], context) =>
        (await import('./webhook/rotate.ts')).rotateSecret(config, name, { context, open: await cluster(), clock }),
    }),
    userCommand(settings.send, {
      summary: 'Send a signed test event, as Google would.',
      names: { placeholder: 'NAMESPACE/NAME', min: 1, max: 1 },
      run: async (config, [name = ''], context) =>
        (await import('./webhook/send.ts')).sendEvent(config, name, { context, open: await cluster(), clock, random }),
    }),
    userCommand(settings.import, {
      summary: 'Print manifests that adopt what exists at Google.',
      names: { placeholder: 'NAMESPACE/SECRET', min: 1, max: 1 },
      run: async (config, [secretName = ''], context) =>
        (await import('./webhook/import.ts')).importWebhooks(config, secretName, { context, open: await operator() }),
    }),
    userCommand(settings.inbox, {
      summary: 'What the inboxes of the receivers hold.',
      run: async (config, _names, context) =>
        (await import('./deliveries/inbox.ts')).showInboxes(config, context, await open()),
    }),
    userCommand(settings.deadLetters, {
      summary: 'Deliveries that were given up.',
      run: async (config, _names, context) =>
        (await import('./deliveries/deadletters.ts')).showDeadLetters(config, context, await open()),
    }),
    userCommand(settings.replay, {
      summary: 'Send dead letters again: gwh replay POD/ID ... or by selection.',
      names: { placeholder: 'POD/ID', min: 0, max: maxNames },
      run: async (config, names, context) =>
        (await import('./deliveries/replay.ts')).replayDeadLetters(config, names, { context, open: await open() }),
    }),
    userCommand(settings.drain, {
      summary: 'Move the events of one receiver to another before scaling down.',
      names: { placeholder: 'POD', min: 1, max: 1 },
      run: async (config, [pod = ''], context) =>
        (await import('./deliveries/drain.ts')).drainReceiver(config, pod, { context, open: await open() }),
    }),
    userCommand(settings.listen, {
      summary: 'Deliveries as they happen.',
      run: async (config, _names, context) =>
        (await import('./deliveries/listen.ts')).listenToDeliveries(config, context, await open()),
    }),
    userCommand(settings.orphans, {
      summary: 'Webhooks that were left at Google, and their removal: gwh orphans delete ID ...',
      names: { placeholder: 'names: none, or delete ID ...', min: 0, max: maxNames },
      run: async (config, names, context) =>
        (await import('./orphans/orphans.ts')).cleanOrphans(config, names, { context, open: await operator() }),
    }),
    userCommand(settings.validate, {
      summary: 'Judge manifests without a cluster: gwh validate FILE ...',
      names: { placeholder: 'FILE', min: 1, max: maxNames },
      run: async (config, files, context) =>
        (await import('./files/validate.ts')).validateManifests(config, files, context),
    }),
    userCommand(settings.verify, {
      summary: 'Check the signature of a captured request: gwh verify FILE --secret-file=FILE',
      names: { placeholder: 'FILE', min: 1, max: 1 },
      run: async (config, [file = ''], context) =>
        (await import('./files/verify.ts')).verifyRequest(config, file, { context, clock }),
    }),
  ]
}
