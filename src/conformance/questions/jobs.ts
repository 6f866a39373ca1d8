import { isRecord } from '../../is-record.ts'
import { isOk, textIn, type ApiAnswer } from '../api.ts'
import { accepted, awaitArrival, type Arrival, type CalledEndpoint } from '../called-endpoint.ts'
import { eitherWay, found, unknown, type Finding } from '../finding.ts'
import { undisturbed, type Question, type Session } from '../session.ts'
import { pingUntil } from './ping.ts'
import { eventIn, signatureOf } from './ping-form.ts'

const mostUris = 10
/** Sizes of user_metadata as JSON, in bytes; a refused one costs nothing. */
const metadataSizes = [16_384, 8_192, 4_096, 2_048, 1_024, 512, 256, 128]
const cancelledWithinMs = 60_000
const metadataMark = 'gwh-conformance'

const isOfInteraction = ({ path }: Arrival) => path === 'jobs/interaction'
const isOfMany = ({ path }: Arrival) => path.startsWith('jobs/many/')

/** Of the job that an event is about. */
function idIn(arrival: Arrival): string {
  const { data } = eventIn(arrival) ?? {}
  return isRecord(data) ? textIn(data, 'id') : ''
}

interface Receiving extends Session {
  readonly endpoint: CalledEndpoint
  /** Batches to cancel at the end. */
  readonly started: string[]
}

/** What jobs deliver to their own addresses, and to registered ones. Costs a few tokens. */
export const jobsQuestion: Question = {
  switches: [
    'maxUrisPerConfig',
    'batchUserMetadata',
    'cancelledEvents',
    'maxUserMetadataBytes',
    'userMetadataPlace',
    'userMetadataForm',
    'dynamicSigning',
    'dynamicUris',
    'dynamicIds',
    'batchId',
  ],
  needs: 'jobs',
  async ask(session) {
    const { endpoint, own } = session
    if (endpoint === undefined) return []
    endpoint.answerWith(() => accepted)
    const receiving: Receiving = { ...session, endpoint, started: [] }
    try {
      const webhook = await own.create({ uri: endpoint.url('jobs/static'), events: ['batch.succeeded'] })
      // A job may end before deliveries follow a new webhook.
      await pingUntil({ ...session, endpoint, webhook }, ({ path }) => path === 'jobs/static')
      const { finding: uris, count } = await startManyAddresses(receiving)
      const cancelled = await undisturbed(session, () => askCancelled(receiving))
      const interaction = await startInteraction(receiving)
      const batch = await startBatch(receiving)
      return [
        uris,
        ...cancelled,
        interaction,
        ...(await awaitInteraction(receiving)),
        ...(await awaitMany(receiving, count)),
        await awaitStatic(receiving, batch),
      ]
    } finally {
      for (const name of receiving.started) await cancel({ api: session.cleanUp }, name).catch(() => {})
    }
  },
}

/** One request of one word, with an answer of one token. */
async function startBatch(receiving: Receiving, webhookConfig?: Record<string, unknown>): Promise<ApiAnswer> {
  const request = { contents: [{ parts: [{ text: 'Hi' }] }], generationConfig: { maxOutputTokens: 1 } }
  const batch = {
    displayName: metadataMark,
    inputConfig: { requests: { requests: [{ request }] } },
    ...(webhookConfig !== undefined && { webhookConfig }),
  }
  const path = `models/${encodeURIComponent(receiving.options.model)}:batchGenerateContent`
  const answer = await receiving.api({ method: 'POST', path, body: { batch } })
  if (isOk(answer)) receiving.started.push(textIn(answer.body, 'name'))
  return answer
}

const cancel = ({ api }: Pick<Session, 'api'>, name: string) =>
  api({ method: 'POST', path: `${name}:cancel`, body: {} })

/** As many addresses as one job may name, up to ten. */
async function startManyAddresses(receiving: Receiving): Promise<{ finding: Finding; count: number }> {
  const name = 'maxUrisPerConfig'
  let refused = 0
  for (let count = mostUris; count > 0; count--) {
    const uris = Array.from({ length: count }, (_, nth) => receiving.endpoint.url(`jobs/many/${nth}`))
    const { status } = await startBatch(receiving, { uris })
    if (status === 200) {
      const limit = count === mostUris ? 0 : count
      return { finding: found(name, limit, `a batch with ${count} addresses passed`), count }
    }
    refused = status
  }
  return { finding: unknown(name, `a batch with one address was answered ${refused}`), count: 0 }
}

/** A batch with metadata, cancelled before it can cost anything. */
async function askCancelled(receiving: Receiving): Promise<Finding[]> {
  const path = `jobs/cancelled/${receiving.started.length}`
  const uris = [receiving.endpoint.url(path)]
  const withMetadata = await startBatch(receiving, { uris, userMetadata: { mark: metadataMark } })
  const batch = isOk(withMetadata) ? withMetadata : await startBatch(receiving, { uris })
  const metadata = eitherWay('batchUserMetadata', {
    isSo: isOk(withMetadata),
    yes: 'accepted',
    no: 'refused',
    what: `a batch with userMetadata was answered ${withMetadata.status}`,
  })
  if (!isOk(batch)) return [unknown('cancelledEvents', `a batch was answered ${batch.status}`)]
  const cancelled = await cancel(receiving, textIn(batch.body, 'name'))
  if (!isOk(cancelled)) return [metadata, unknown('cancelledEvents', `a cancellation was answered ${cancelled.status}`)]
  const arrival = await awaitArrival(receiving, (each) => each.path === path, cancelledWithinMs)
  const type = arrival === undefined ? '' : textIn(eventIn(arrival) ?? {}, 'type')
  if (arrival !== undefined && type !== 'batch.cancelled') {
    return [metadata, unknown('cancelledEvents', 'the batch had ended before it was cancelled')]
  }
  return [
    metadata,
    eitherWay('cancelledEvents', {
      isSo: arrival !== undefined,
      yes: 'emitted',
      no: 'silent',
      what: arrival === undefined ? 'no event within a minute' : 'batch.cancelled came',
    }),
  ]
}

/** An interaction with the largest metadata that passes. */
async function startInteraction(receiving: Receiving): Promise<Finding> {
  const name = 'maxUserMetadataBytes'
  const [largest = 0] = metadataSizes
  let refused = 0
  for (const bytes of metadataSizes) {
    const empty = { mark: metadataMark, filling: '' }
    const user_metadata = { ...empty, filling: 'x'.repeat(bytes - JSON.stringify(empty).length) }
    const webhook_config = { uris: [receiving.endpoint.url('jobs/interaction')], user_metadata }
    const body = { model: receiving.options.model, input: 'Hi', background: true, webhook_config }
    const { status } = await receiving.api({ method: 'POST', path: 'interactions', body })
    if (status === 200) return found(name, bytes === largest ? 0 : bytes, `${bytes} bytes passed`)
    refused = status
  }
  return unknown(name, `an interaction with ${metadataSizes.at(-1) ?? 0} bytes was answered ${refused}`)
}

async function awaitInteraction(receiving: Receiving): Promise<Finding[]> {
  const arrival = await awaitArrival(receiving, isOfInteraction, receiving.options.jobsWithinMs)
  const names = ['userMetadataPlace', 'userMetadataForm', 'dynamicSigning']
  if (arrival === undefined) return names.map((name) => unknown(name, 'no event of the interaction came in time'))
  return [...judgeMetadata(eventIn(arrival) ?? {}), judgeDynamicSigning(signatureOf(arrival))]
}

/** Where an event has the metadata of its job, and in which form. */
export function judgeMetadata(event: Readonly<Record<string, unknown>>): Finding[] {
  const data = isRecord(event['data']) ? event['data'] : {}
  const places = [
    ['topLevel', event['user_metadata']],
    ['dataSnake', data['user_metadata']],
    ['dataCamel', data['userMetadata']],
  ] as const
  const [place, value] = places.find(([, each]) => each !== undefined) ?? []
  if (place === undefined) {
    return ['userMetadataPlace', 'userMetadataForm'].map((name) => unknown(name, 'the event has no metadata'))
  }
  const isText = typeof value === 'string'
  return [
    found('userMetadataPlace', place, 'where the event of an interaction has it'),
    eitherWay('userMetadataForm', {
      isSo: isText,
      yes: 'string',
      no: 'object',
      what: isText ? 'JSON in text' : 'JSON',
    }),
  ]
}

export function judgeDynamicSigning(signature: string): Finding {
  const name = 'dynamicSigning'
  if (signature.split(' ').some((entry) => entry.startsWith('v1a,'))) return found(name, 'v1a', 'a v1a entry')
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(signature)
    ? found(name, 'rs256Jwt', 'a bare token')
    : unknown(name, 'neither a v1a entry nor a token')
}

/** The event of one job with several addresses. */
async function awaitMany(receiving: Receiving, count: number): Promise<Finding[]> {
  const names = ['dynamicUris', 'dynamicIds']
  if (count < 2) return names.map((name) => unknown(name, 'a job may name only one address'))
  const first = await awaitArrival(receiving, isOfMany, receiving.options.jobsWithinMs)
  if (first === undefined) return names.map((name) => unknown(name, 'no event of the batch came in time'))
  const isLast = (arrival: Arrival) => arrival.path === `jobs/many/${count - 1}`
  await awaitArrival(receiving, isLast, cancelledWithinMs)
  const arrivals = receiving.endpoint.arrivals.filter(isOfMany)
  const reached = new Set(arrivals.map(({ path }) => path)).size
  const ids = new Set(arrivals.map(({ headers }) => headers['webhook-id'])).size
  return [
    eitherWay('dynamicUris', {
      isSo: reached > 1,
      yes: 'all',
      no: 'first',
      what: `${reached} of ${count} addresses got the event`,
    }),
    reached > 1
      ? eitherWay('dynamicIds', { isSo: ids > 1, yes: 'own', no: 'same', what: `${ids} ids at ${reached} addresses` })
      : unknown('dynamicIds', 'only one address got the event'),
  ]
}

async function awaitStatic(receiving: Receiving, batch: ApiAnswer): Promise<Finding> {
  if (!isOk(batch)) return unknown('batchId', `a batch was answered ${batch.status}`)
  const name = textIn(batch.body, 'name')
  const ids = new Set([name, name.replace(/^batches\//, '')])
  const isOurs = (arrival: Arrival) => arrival.path === 'jobs/static' && ids.has(idIn(arrival))
  const arrival = await awaitArrival(receiving, isOurs, receiving.options.jobsWithinMs)
  if (arrival === undefined) return unknown('batchId', 'no event of the batch came in time')
  const isPath = idIn(arrival) === name
  return eitherWay('batchId', {
    isSo: isPath,
    yes: 'path',
    no: 'bare',
    what: `data.id ${isPath ? 'begins' : 'does not begin'} with batches/`,
  })
}
