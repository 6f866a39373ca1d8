import assert from 'node:assert/strict'
import { createHmac, createSecretKey, randomBytes, randomInt } from 'node:crypto'
import { test } from 'node:test'

import { maxSignatures, parseHeaders, type RequestHeaders } from '../../../src/signature/parse-headers.ts'
import { signatureHeader } from '../../../src/signature/sign.ts'
import { verifyDelivery } from '../../../src/signature/verify.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'

const mutations = 120_000
const nowSeconds = 1_795_223_501
const secrets = [randomBytes(24), randomBytes(32)]
const keys = secrets.map((bytes, index) => ({ keyId: `key-${index}`, key: createSecretKey(bytes) }))

interface Delivery {
  headers: Record<string, string>
  body: Buffer
}
type Random = () => number
type Mutation = (delivery: Delivery, random: Random) => void

const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const
const signatureName = names[2]

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)]
  if (value === undefined) throw new Error('nothing to pick from')
  return value
}

function genuine(random: Random): Delivery {
  const timestamp = String(nowSeconds - 600 + Math.floor(random() * 1200))
  const id = `msg_${Math.floor(random() * 2 ** 32).toString(36)}`
  // Bodies that begin like more signed fields invite a parser to move the border.
  const body = Buffer.from(`${pick(random, ['', '1.', '1795223501.', '{"type":"'])}${random()}`)
  const signers = pick(random, [[0], [1], [0, 1], [1, 0]]).flatMap((index) => keys[index]?.key ?? [])
  const signature = signatureHeader({ id, timestamp }, body, signers)
  return { headers: { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }, body }
}

function madeUpMac(random: Random): string {
  return Buffer.from(Array.from({ length: 32 }, () => random() * 256)).toString('base64')
}

function edit(text: string, random: Random): string {
  const at = Math.floor(random() * (text.length + 1))
  const odd = pick(random, ['', '.', ',', ' ', '=', '0', 'A', '\u00e9', '\u0000', '-', 'v1,', ', ', '\t', '\ud800'])
  const removed = Math.floor(random() * 3)
  return text.slice(0, at) + odd + text.slice(at + removed)
}

const headerMutations: Mutation[] = [
  (delivery, random) => {
    const name = pick(random, names)
    delivery.headers[name] = edit(delivery.headers[name] ?? '', random)
  },
  (delivery, random) => void delete delivery.headers[pick(random, names)],
  (delivery, random) => {
    const [from, to] = [pick(random, names), pick(random, names)]
    delivery.headers[to] = delivery.headers[from] ?? ''
  },
  (delivery, random) => {
    const name = pick(random, names)
    delivery.headers[name] = `${delivery.headers[name]}, ${delivery.headers[name]}`
  },
  (delivery, random) => {
    const entries = (delivery.headers[signatureName] ?? '').split(' ')
    const extra = pick(random, ['v2,abc', 'v1,', 'v1', 'junk', `v1,${madeUpMac(random)}`, 'v1a,AAAA'])
    entries.splice(Math.floor(random() * (entries.length + 1)), 0, extra)
    delivery.headers[signatureName] = entries.join(' ')
  },
  (delivery) => {
    delivery.headers[signatureName] = Array.from(
      { length: maxSignatures + 1 },
      () => delivery.headers[signatureName],
    ).join(' ')
  },
  (delivery, random) => {
    delivery.headers['webhook-timestamp'] = String(
      Number(delivery.headers['webhook-timestamp']) + pick(random, [-1, 1, 301]),
    )
  },
]

const bodyMutations: Mutation[] = [
  (delivery, random) => {
    const at = Math.floor(random() * delivery.body.length)
    delivery.body[at] = (delivery.body[at] ?? 0) ^ (1 << Math.floor(random() * 8))
  },
  (delivery, random) => {
    delivery.body = delivery.body.subarray(0, Math.floor(random() * (delivery.body.length + 1)))
  },
  (delivery) => {
    delivery.body = Buffer.concat([delivery.body, Buffer.from('\n')])
  },
]

/** Moves bytes over the borders of `id.timestamp.body` without changing what was signed. */
const borderMutations: Mutation[] = [
  ({ headers, body }) => {
    headers['webhook-id'] = `${headers['webhook-id']}.${headers['webhook-timestamp']}`
    headers['webhook-timestamp'] = body.toString('latin1').split('.', 1)[0] ?? ''
  },
  (delivery) => {
    const [head = '', ...rest] = delivery.body.toString('latin1').split('.')
    delivery.headers['webhook-id'] = `${delivery.headers['webhook-id']}.${delivery.headers['webhook-timestamp']}`
    delivery.headers['webhook-timestamp'] = head
    delivery.body = Buffer.from(rest.join('.'), 'latin1')
  },
  (delivery) => {
    delivery.body = Buffer.concat([Buffer.from(`${delivery.headers['webhook-timestamp']}.`), delivery.body])
    delivery.headers['webhook-timestamp'] = ''
  },
]

const groups = [headerMutations, headerMutations, bodyMutations, borderMutations]

/** What the receiver does with one request, without the request. */
function judge({ headers, body }: { headers: RequestHeaders; body: Buffer }): boolean {
  const parsed = parseHeaders(headers)
  return parsed.ok && verifyDelivery(parsed.value, body, { keys, nowMs: nowSeconds * 1000 }).accepted
}

/** The rule once more, written differently and without a thought for speed. */
function mayBeAccepted({ headers, body }: Delivery): boolean {
  const fields = names.map((name) => headers[name] ?? '')
  const [id = '', timestamp = '', signature = ''] = fields
  if (fields.includes('') || id.includes('.') || !/^\d+$/.test(timestamp)) return false
  if (Math.abs(Number(timestamp) - nowSeconds) > 300) return false
  const signedContent = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, 'utf8'), body])
  const genuineEntries = new Set(
    secrets.map((secret) => `v1,${createHmac('sha256', secret).update(signedContent).digest('base64')}`),
  )
  return signature.split(' ').some((entry) => genuineEntries.has(entry))
}

test(`${mutations.toLocaleString('en')} mutated deliveries: no crash, no false accept`, { timeout: 120_000 }, (t) => {
  const seed = randomInt(2 ** 32)
  t.diagnostic(`seed ${seed}`)
  const random = mulberry32(seed)
  let accepted = 0
  let stillGenuine = 0
  for (let round = 0; round < mutations; round++) {
    const original = genuine(random)
    const mutated: Delivery = { headers: { ...original.headers }, body: Buffer.from(original.body) }
    const steps = 1 + Math.floor(random() * 3)
    for (let step = 0; step < steps; step++) pick(random, pick(random, groups))(mutated, random)
    const verdict = judge(mutated)
    const context = `seed ${seed}, round ${round}`
    if (verdict) {
      accepted++
      assert.ok(mayBeAccepted(mutated), `accepted what the rule refuses: ${context}`)
      // Nobody but the sender can make a second message: what passes is the message that was signed.
      assert.equal(mutated.headers['webhook-id'], original.headers['webhook-id'], context)
      assert.equal(mutated.headers['webhook-timestamp'], original.headers['webhook-timestamp'], context)
      assert.deepEqual(mutated.body, original.body, context)
    } else if (mutated.body.equals(original.body) && judge(original)) {
      stillGenuine++
    }
  }
  t.diagnostic(`${accepted} accepted with their message intact, ${mutations - accepted} refused`)
  assert.ok(
    accepted > mutations / 200,
    'too few survivors: the run would not notice a verifier that refuses everything',
  )
  assert.ok(stillGenuine > 0, 'header damage alone must be among what was refused')
})
