import { boolean } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { allNamespaces, deadLetterSelection, listOutput, namespaceOfObjects, visit } from '../shared-settings.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import { actOnDeliveries, type DeliveryAction } from './act-on-deliveries.ts'
import { UsageError } from '../usage-error.ts'
import { listDeadLetters, listDelivered } from './kept-lists.ts'

const action: DeliveryAction = {
  command: 'replay',
  what: 'dead letters',
  act: async (admin, given) => {
    const { replayed: done, ...rest } = await admin.ask('replay', given)
    return { done, ...rest }
  },
  list: listDeadLetters,
  counted: 'replayed',
  says: 'will be sent again.',
  unknown: 'is no dead letter (any more)',
}

const ofDelivered: DeliveryAction = {
  ...action,
  what: 'delivered events',
  act: async (admin, given) => {
    const { replayed: done, ...rest } = await admin.ask(
      'replay',
      'deliveryIds' in given ? given : { ...given, delivered: true },
    )
    return { done, ...rest }
  },
  list: listDelivered,
  unknown: 'is not kept (any more), or its object has no room for it',
}

const settings = {
  ...deadLetterSelection,
  all: boolean({
    group: 'Selection',
    help: 'Selects every dead letter of the namespace, or with -A of all namespaces.',
    default: 'false',
  }),
  delivered: boolean({
    group: 'Selection',
    help: 'Selects delivered events that are kept, instead of dead letters; --since and --until are then times of delivery.',
    default: 'false',
  }),
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output: listOutput,
} as const
type ReplayConfig = ConfigOf<typeof settings>

/** `gwh replay`: 1 when one of those named was no dead letter (any more). */
export const replay = userCommand({
  name: 'replay',
  summary: 'Send dead letters or delivered events again, by name or by selection.',
  about:
    'Sends dead letters again: those named as POD/ID or all that are selected. Each starts with fresh attempts and uses ' +
    "today's configuration of its sink. With --delivered it sends again what was delivered, as long as it is kept (delivery.keepDelivered).",
  example: 'gwh replay --sink=worker --since=1h',
  settings,
  names: { placeholder: 'POD/ID', min: 0, max: maxNames },
  run: replayDeadLetters,
})

export function replayDeadLetters(
  config: ReplayConfig,
  names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  if (!config.delivered) return actOnDeliveries(action, config, names, deps)
  if (config.reason !== undefined) throw new UsageError('what was delivered has no reason: leave out --reason')
  return actOnDeliveries(ofDelivered, config, names, deps)
}
