import { optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import {
  allNamespaces,
  deadLetterSelection,
  listLimit,
  listOutput,
  namespaceOfObjects,
  visit,
} from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { firstOfAll, listDeadLetters, type WithId } from './kept-lists.ts'
import type { ReceiverPod } from './receivers.ts'
import { selectionOf } from './selection-query.ts'

type Letter = WithId<Awaited<ReturnType<typeof listDeadLetters>>['found'][number]>

const settings = {
  ...deadLetterSelection,
  limit: listLimit,
  body: optionalText({
    group: 'Output',
    help: 'Prints the body of this one dead letter instead, as Google sent it.',
    placeholder: 'POD/ID',
    pattern: /^[^\s/]{1,253}\/[^\s]{1,512}$/,
    what: 'an ID as the list shows it',
  }),
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output: listOutput,
} as const
type DeadLettersConfig = ConfigOf<typeof settings>

/** `gwh deadletters`: what was given up, of every inbox, newest first; or the body of one. */
export const deadLetters = userCommand({
  name: 'deadletters',
  summary: 'List dead letters: deliveries that were given up.',
  about:
    'Lists deliveries that were given up, newest first: why, after how many attempts, and what the last of them came to. They can be replayed for 30 days, unless deadLetterKeep of the receiver says otherwise.',
  example: 'gwh deadletters --webhook=ml/batch-events --since=1h',
  settings,
  run: showDeadLetters,
})

async function showDeadLetters(
  config: DeadLettersConfig,
  _names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const { out, receivers: open } = deps
  const [bodyPod, ...bodyId] = config.body?.split('/') ?? []
  const scope = bodyPod === undefined ? config : { ...config, allNamespaces: true }
  const chosen = await selectionOf(scope, 'deadletters', deps)
  const { operatorNamespace } = chosen
  const receivers = await open({ ...config, operatorNamespace, ...(bodyPod !== undefined && { pods: [bodyPod] }) })
  try {
    const [first] = receivers.pods
    if (bodyPod !== undefined && first !== undefined) {
      out(await readBody(first, bodyId.join('/')))
      return exitCodes.ok
    }
    const shown = await firstOfAll(receivers.pods, chosen, {
      list: listDeadLetters,
      limit: config.limit,
      order: (a, b) => b.endedAt.localeCompare(a.endedAt),
    })
    const names = shown.map(({ id }) => id)
    out(printedAs(config.output, { value: { deadLetters: shown }, text: (isWide) => inWords(shown, isWide), names }))
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

async function readBody({ admin }: ReceiverPod, deliveryId: string): Promise<string> {
  const { bodyBase64 } = await admin.ask('readDeadLetterBody', { deliveryId })
  return Buffer.from(bodyBase64, 'base64').toString('utf8')
}

const columns = ['ID', 'GIVEN UP', 'WEBHOOK', 'SINK', 'TYPE', 'REASON', 'ATTEMPTS', 'LAST CAUSE', 'EVENT']
const moreColumns = ['SINCE']

function inWords(letters: readonly Letter[], isWide: boolean): string {
  if (letters.length === 0) return 'No dead letters.\n'
  return table(
    isWide ? [...columns, ...moreColumns] : columns,
    letters.map((letter) => rowOf(letter, isWide)),
  )
}

function rowOf(letter: Letter, isWide: boolean): string[] {
  const { id, endedAt, sink, eventType, reason, attempts, lastCause = '-', eventId, since = '-' } = letter
  const webhook = `${letter.namespace}/${letter.name}`
  const row = [id, endedAt, webhook, sink, eventType, reason, attempts, lastCause, eventId]
  return [...row, ...(isWide ? [since] : [])].map(cellOf)
}
