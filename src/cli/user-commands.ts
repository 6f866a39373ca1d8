import {
  deadLettersSettings,
  drainSettings,
  inboxSettings,
  listenSettings,
  orphansSettings,
  replaySettings,
} from '../config/user-settings.ts'
import type { OpenOperator } from './operator-access.ts'
import type { OpenReceivers } from './receivers.ts'
import type { Command } from './run-command.ts'
import { userCommand } from './user-command.ts'

const maxNames = 10_000

/** What the commands work on; each is asked for when one runs: help must not wait for a Kubernetes client. */
interface Installation {
  readonly receivers: () => Promise<OpenReceivers>
  readonly operator: () => Promise<OpenOperator>
}

/** The commands that people run against an installation. */
export function userCommands({ receivers: open, operator }: Installation): Command[] {
  return [
    userCommand(inboxSettings, {
      summary: 'What the inboxes of the receivers hold.',
      run: async (config, _names, context) => (await import('./inbox.ts')).showInboxes(config, context, await open()),
    }),
    userCommand(deadLettersSettings, {
      summary: 'Deliveries that were given up.',
      run: async (config, _names, context) =>
        (await import('./deadletters.ts')).showDeadLetters(config, context, await open()),
    }),
    userCommand(replaySettings, {
      summary: 'Send dead letters again: gwh replay POD/ID ... or by selection.',
      names: { placeholder: 'POD/ID', min: 0, max: maxNames },
      run: async (config, names, context) =>
        (await import('./replay.ts')).replayDeadLetters(config, names, { context, open: await open() }),
    }),
    userCommand(drainSettings, {
      summary: 'Move the events of one receiver to another before scaling down.',
      names: { placeholder: 'POD', min: 1, max: 1 },
      run: async (config, [pod = ''], context) =>
        (await import('./drain.ts')).drainReceiver(config, pod, { context, open: await open() }),
    }),
    userCommand(listenSettings, {
      summary: 'Deliveries as they happen.',
      run: async (config, _names, context) =>
        (await import('./listen.ts')).listenToDeliveries(config, context, await open()),
    }),
    userCommand(orphansSettings, {
      summary: 'Webhooks that were left at Google, and their removal: gwh orphans delete ID ...',
      names: { placeholder: 'names: none, or delete ID ...', min: 0, max: maxNames },
      run: async (config, names, context) =>
        (await import('./orphans.ts')).cleanOrphans(config, names, { context, open: await operator() }),
    }),
  ]
}
