import { boolean } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { allNamespaces, deadLetterSelection, listOutput, namespaceOfObjects, visit } from '../shared-settings.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import { actOnDeliveries, type DeliveryAction } from './act-on-deliveries.ts'
import { listDeadLetters } from './kept-lists.ts'

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

const settings = {
  ...deadLetterSelection,
  all: boolean({
    group: 'Selection',
    help: 'Selects every dead letter of the namespace, or with -A of all.',
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
  summary: 'Send dead letters again, by name or by selection.',
  about:
    'Sends dead letters again: those named as POD/ID or all that are selected. Each starts with fresh attempts and uses ' +
    "today's configuration of its sink.",
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
  return actOnDeliveries(action, config, names, deps)
}
