import { boolean } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { allNamespaces, pendingSelection, listOutput, namespaceOfObjects, visit } from '../shared-settings.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import { actOnDeliveries, type DeliveryAction } from './act-on-deliveries.ts'
import { listPending } from './kept-lists.ts'

const action: DeliveryAction = {
  command: 'retry',
  what: 'pending deliveries',
  act: async (admin, given) => {
    const { retried: done, ...rest } = await admin.ask('retry', given)
    return { done, ...rest }
  },
  list: listPending,
  counted: 'retried',
  says: 'made due now.',
  unknown: 'is not pending (any more), or under way',
}

const settings = {
  ...pendingSelection,
  all: boolean({
    group: 'Selection',
    help: 'Selects every pending delivery of the namespace, or with -A of all namespaces.',
    default: 'false',
  }),
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output: listOutput,
} as const
type RetryConfig = ConfigOf<typeof settings>

/** `gwh retry`: 1 when one of those named was not pending (any more). */
export const retry = userCommand({
  name: 'retry',
  summary: 'Try pending deliveries now, by name or by selection.',
  about:
    'Makes pending deliveries due now: those named as POD/ID or all that are selected. Their attempts and their retryFor stay as they ' +
    'are. A sink that gets only probes because it failed is tried at once, with one delivery; the others follow when the sink takes it.',
  example: 'gwh retry --webhook=ml/batch-events --sink=worker',
  settings,
  names: { placeholder: 'POD/ID', min: 0, max: maxNames },
  run: retryDeliveries,
})

export function retryDeliveries(config: RetryConfig, names: readonly string[], deps: UserCommandDeps): Promise<number> {
  return actOnDeliveries(action, config, names, deps)
}
