import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'

import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'

import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { InboxDouble } from '../../support/doubles/inbox-double.ts'
import { aKeyringEntry, aReceiver, aSecret, directoryOf } from '../../support/worlds/receiver-fixture.ts'

/** What a published library needs to be a sender. */
interface Signer {
  sign(id: string, timestamp: Date, body: string): string
}

const libraries: { name: string; of: (secret: string) => Signer }[] = [
  { name: 'standardwebhooks', of: (secret) => new StandardWebhook(secret) },
  { name: 'svix', of: (secret) => new SvixWebhook(secret) },
]

const bodies = [
  [
    'of Google',
    '{"type":"batch.succeeded","version":"v1","timestamp":"2026-11-21T11:59:58Z","data":{"id":"batches/1"}}',
  ],
  ['with blanks and line breaks', '{\r\n\t"type" : "batch.succeeded"\n}\n'],
  ['outside of ASCII', '{"type":"batch.succeeded","data":{"id":"Größe/€/😀"}}'],
  ['that is empty', ''],
  ['that is no JSON', 'not json'],
] as const

function aScene() {
  const clock = new FakeClock()
  const secrets = [aSecret(), aSecret('2026-11-22T00:00:00Z')]
  const inbox = new InboxDouble()
  const { receiver } = aReceiver({ directory: directoryOf(aKeyringEntry({ secrets })), inbox, clock })
  const post = (payload: string, headers: Record<string, string>) =>
    receiver.inject({ method: 'POST', url: '/v1/s/ml/batch-events', headers, payload })
  return { clock, secrets: secrets.map(({ secret }) => secret), inbox, post }
}

function headersOf(signature: string, at: Date, id = 'msg_1') {
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': signature,
  }
}

for (const { name, of } of libraries) {
  for (const [what, body] of bodies) {
    test(`a body ${what} that ${name} signed verifies, with the current and with the previous secret`, async () => {
      const { clock, secrets, inbox, post } = aScene()
      const at = new Date(clock.now())
      for (const secret of secrets) {
        inbox.willAnswer('stored')
        const answer = await post(body, headersOf(of(secret).sign('msg_1', at, body), at))
        assert.equal(answer.statusCode, 204)
      }
      assert.deepEqual(
        inbox.appended.map((event) => Buffer.from(event.body).toString()),
        [body, body],
      )
    })
  }

  test(`what ${name} signed for another id, time, body or secret is refused`, async () => {
    const { clock, secrets, inbox, post } = aScene()
    const [secret = ''] = secrets
    const [at, later] = [new Date(clock.now()), new Date(clock.now() + 1_000)]
    const stranger = `whsec_${randomBytes(24).toString('base64')}`
    const signature = of(secret).sign('msg_1', at, '{}')
    for (const [payload, headers] of [
      ['{}', headersOf(signature, at, 'msg_2')],
      ['{}', headersOf(signature, later)],
      ['{ }', headersOf(signature, at)],
      ['{}', headersOf(of(stranger).sign('msg_1', at, '{}'), at)],
    ] as const) {
      assert.equal((await post(payload, headers)).statusCode, 401)
    }
    assert.equal(inbox.appended.length, 0)
  })

  test(`several signatures of ${name} in one header, as during a rotation at the sender: one that fits is enough`, async () => {
    const { clock, secrets, inbox, post } = aScene()
    const at = new Date(clock.now())
    const stranger = `whsec_${randomBytes(24).toString('base64')}`
    const signatures = [stranger, ...secrets].map((secret) => of(secret).sign('msg_1', at, '{}'))
    inbox.willAnswer('stored')
    assert.equal((await post('{}', headersOf(signatures.join(' '), at))).statusCode, 204)
  })
}
