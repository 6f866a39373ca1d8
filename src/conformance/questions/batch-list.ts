import { isRecord } from '../../is-record.ts'
import { isOk, objectsIn, textIn } from '../api.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'
import type { Question, Session } from '../session.ts'

type Shown = Readonly<Record<string, unknown>>

/** Answers of inline batches may be in the list: a page is not to become too large. */
const pageSize = 10
const maxPages = 20
const noBatches = 'the project has too few batches; --with-jobs makes some'

/** How the batches of the project are listed, as far as it has some. */
export const batchListQuestion: Question = {
  switches: ['batchListEnd', 'batchListOrder', 'batchStates', 'batchListOutputs'],
  async ask(session) {
    const { batches, end } = await listBatches(session)
    return [
      end === undefined
        ? unknown('batchListEnd', `the list goes on after ${batches.length} batches`)
        : found('batchListEnd', end, `the last page has ${end === 'noToken' ? 'no' : 'an empty'} nextPageToken`),
      judgeBatchOrder(batches),
      judgeBatchStates(batches),
      await askOutputs(session, batches),
    ]
  },
}

async function listBatches({ api }: Session): Promise<{ batches: Shown[]; end?: 'noToken' | 'emptyToken' }> {
  const batches: Shown[] = []
  let token = ''
  for (let page = 0; page < maxPages; page++) {
    const query = `pageSize=${pageSize}${token === '' ? '' : `&pageToken=${encodeURIComponent(token)}`}`
    const answer = await api({ method: 'GET', path: `batches?${query}` })
    if (!isOk(answer)) throw new Error(`the service answered ${answer.status} to a list of batches`)
    batches.push(...objectsIn(answer.body, 'operations'))
    token = textIn(answer.body, 'nextPageToken')
    if (token === '') return { batches, end: 'nextPageToken' in answer.body ? 'emptyToken' : 'noToken' }
  }
  return { batches }
}

const metadataOf = ({ metadata }: Shown): Shown => (isRecord(metadata) ? metadata : {})

/** By the times of the first and of the last. */
export function judgeBatchOrder(batches: readonly Shown[]): Finding {
  const times = batches.map((batch) => Date.parse(textIn(metadataOf(batch), 'createTime')))
  const [first = NaN, last = NaN] = [times[0], times.at(-1)]
  if (Number.isNaN(first - last) || first === last) return unknown('batchListOrder', noBatches)
  return eitherWay('batchListOrder', {
    isSo: first > last,
    yes: 'newestFirst',
    no: 'oldestFirst',
    what: `the first of ${batches.length} is the ${first > last ? 'newest' : 'oldest'}`,
  })
}

export function judgeBatchStates(batches: readonly Shown[]): Finding {
  const states = batches.map((batch) => textIn(metadataOf(batch), 'state')).filter((state) => state !== '')
  if (states.length === 0) return unknown('batchStates', noBatches)
  for (const [prefix, setting] of [
    ['BATCH_STATE_', 'batchState'],
    ['JOB_STATE_', 'jobState'],
  ] as const)
    if (states.every((state) => state.startsWith(prefix)))
      return found('batchStates', setting, `each begins with ${prefix}`)
  return unknown('batchStates', 'the states begin neither with BATCH_STATE_ nor with JOB_STATE_')
}

/** Compares an inline batch that has answers with what the list shows of it. */
async function askOutputs({ api }: Session, batches: readonly Shown[]): Promise<Finding> {
  for (const batch of batches.filter(({ done }) => done === true).slice(0, pageSize)) {
    const whole = await api({ method: 'GET', path: textIn(batch, 'name') })
    const { output } = metadataOf(whole.body)
    if (!isRecord(output) || !('inlinedResponses' in output)) continue
    const isSent = 'output' in metadataOf(batch)
    return eitherWay('batchListOutputs', {
      isSo: isSent,
      yes: 'sent',
      no: 'omitted',
      what: `the list shows an inline batch ${isSent ? 'with' : 'without'} its answers`,
    })
  }
  return unknown('batchListOutputs', 'the project has no inline batch with answers; --with-jobs makes one')
}
