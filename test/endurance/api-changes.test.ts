import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ApiChanges } from '../../playground/webhook-service/api-changes.ts'
import { subscribableEvents } from '../../playground/webhook-service/events.ts'
import type { OutgoingDelivery, Sink } from '../../src/sinks/port.ts'
import { startSimulatedOperator } from '../support/worlds/simulated-operator.ts'

/** Below the 10 s that a call to the service may take. */
const quietly = { grainMs: 9_000 }
const project = 'project-a'
const names = ['all-events', 'batches'] as const
const controllerFlags = ['--no-leader-election']
const aliases = '--event-aliases=batch.completed=batch.succeeded'
const uri = 'https://public.example.com/hook'

/** What Google sends in a day, of which four hours pass: half an hour after each event, and another one. */
const daily = subscribableEvents

/** One day of a month in which the API changes, and nobody is asked. Each change stays. */
interface Day {
  readonly what: string
  readonly changes?: ApiChanges
  /** Done after the change, before the events of the day. */
  readonly act?: (month: Month) => Promise<unknown>
}

interface Month {
  rotate(id: string): Promise<void>
  restartController(flags?: readonly string[]): Promise<void>
  restartReceiver(): Promise<void>
  failCalls(): Promise<void>
  setSecretBytes(bytes: 32 | 64): void
}

const days: readonly Day[] = [
  { what: 'today' },
  {
    what: 'a field more in every webhook',
    changes: { addedWebhookFields: { labels: { team: 'search' }, etag: 'abc' } },
  },
  { what: 'a field more in every event', changes: { addedEventFields: { specversion: '1.1', source: '//gemini' } } },
  { what: 'a state with another name', changes: { states: { enabled: 'active' } } },
  { what: 'a restart of the controller meets it', act: (month) => month.restartController() },
  { what: 'a field of an event with another name', changes: { eventFields: { output_file_uri: 'result_uri' } } },
  { what: 'secrets, and all hints, with another prefix', changes: { secretPrefix: 'gmwhsec_' } },
  { what: 'a rotation to such a secret', act: (month) => month.rotate('prefix') },
  { what: 'a restart of the receiver with it', act: (month) => month.restartReceiver() },
  { what: 'a prefix with two parts', changes: { secretPrefix: 'gemini_whsec2_' } },
  { what: 'a rotation in the night', act: (month) => month.rotate('two-parts') },
  {
    what: '64-byte secrets',
    act: async (month) => {
      month.setSecretBytes(64)
      await month.rotate('64-bytes')
    },
  },
  { what: 'signatures of an unknown version first', changes: { signaturesBefore: ['v2,c2lnbmVk', 'v3,eA=='] } },
  { what: 'a rotation while they are there', act: (month) => month.rotate('signatures') },
  { what: 'another form of the ids of jobs', changes: { jobId: 'projects/p.1/locations/eu-4/batches/{id}.rev/2' } },
  { what: 'the ids of jobs elsewhere', changes: { eventFields: { output_file_uri: 'result_uri', id: 'job_name' } } },
  {
    what: 'an event with another name, which has an alias',
    changes: { eventTypes: { 'batch.succeeded': 'batch.completed' } },
  },
  {
    what: 'an event with another name, which has none',
    changes: { eventTypes: { 'batch.succeeded': 'batch.completed', 'interaction.failed': 'interaction.errored' } },
  },
  { what: 'a restart of both', act: (month) => month.restartController().then(() => month.restartReceiver()) },
  { what: 'another version of the envelope', changes: { envelopeVersion: 'v2' } },
  { what: 'errors in another shape', changes: { errorShape: 'problems' }, act: (month) => month.failCalls() },
  { what: 'another version of the API beside the old', changes: { addedVersions: ['v2'] } },
  { what: 'the old one is taken away, and nobody has noticed', changes: { removedVersions: ['v1', 'v1beta'] } },
  { what: 'the setting names the new one', act: (month) => month.restartController(['--google-api-version=v2']) },
  { what: 'a rotation by the new version', act: (month) => month.rotate('by-v2') },
  {
    what: 'fields in another case',
    changes: { webhookFields: { subscribed_events: 'subscribedEvents', signing_secrets: 'signingSecrets' } },
  },
  { what: 'a rotation with them', act: (month) => month.rotate('another-case') },
  {
    what: 'a URL under another name',
    changes: {
      webhookFields: { subscribed_events: 'subscribedEvents', signing_secrets: 'signingSecrets', uri: 'url' },
    },
  },
  {
    what: 'a name, a state, the events and the secrets under other names',
    changes: {
      webhookFields: { signing_secrets: 'keys', name: 'display_name', state: 'phase', subscribed_events: 'topics' },
    },
  },
  {
    what: 'a restart of both meets all of it',
    act: (month) => month.restartController(['--google-api-version=v2']).then(() => month.restartReceiver()),
  },
]

test('a month in which the API changes daily: every event reaches the worker, and no object leaves Ready', async (t) => {
  const changes: ApiChanges = {}
  const operator = await startSimulatedOperator(t, { apiChanges: () => changes })
  const { admin, clock } = operator
  const sent = new Map<string, Set<string>>()
  const worker: Sink = {
    async send({ event, sink }: OutgoingDelivery) {
      const place = `${event.owner.name}/${sink.name}`
      sent.set(place, (sent.get(place) ?? new Set()).add(event.eventId))
      return { type: 'delivered', status: 204 }
    },
    close: async () => {},
  }
  await operator.giveApiKey(project)
  let controller = await operator.startController([...controllerFlags, aliases])
  const counted = new Map<string, number>()
  let receiver = await operator.startReceiver([aliases], 'receiver-0', worker)
  const sinks = [
    { name: 'worker', uri },
    { name: 'succeeded', uri, filter: { types: { exact: ['batch.succeeded'] } } },
  ]
  await operator.apply('all-events', { events: [...daily], sinks })
  await operator.apply('batches', { events: ['batch.succeeded', 'batch.failed', 'batch.expired'], sinks })
  await operator.untilAll(names, 'Ready', 'True')
  const ids = new Map<string, string>()
  for (const name of names) ids.set(name, (await operator.get(name))?.status?.webhook?.id ?? assert.fail(name))
  const updates = () => admin.calls().counts.update.received
  const updatesBefore = updates()

  const note = (text: string) => {
    for (const [, what = '', count = ''] of text.matchAll(/^gwh_gemini_unknown_total\{what="(\w+)"\} (\d+)$/gm)) {
      counted.set(what, (counted.get(what) ?? 0) + Number(count))
    }
  }
  const secretsOf = () => names.map((name) => admin.secrets(ids.get(name) ?? '').at(-1)?.secret)
  const month: Month = {
    async rotate(id) {
      const before = secretsOf()
      for (const name of names) await operator.patch(name, { spec: { rotation: { request: { id } } } })
      await operator.until(`${id} rotates`, () => secretsOf().every((secret, at) => secret !== before[at]), 900)
    },
    async restartController(flags = []) {
      note(await controller.scrape())
      await controller.stop()
      controller = await operator.startController([...controllerFlags, aliases, ...flags])
    },
    async restartReceiver() {
      note(await receiver.scrape())
      await receiver.stop()
      receiver = await operator.startReceiver([aliases], 'receiver-0', worker)
    },
    async failCalls() {
      for (const status of [404, 503, 400]) {
        admin.addFault({ verb: 'list', effect: { type: 'status', when: 'beforeCommit', status } })
        await clock.advance({ minutes: 30 }, quietly)
        await assertReady('calls fail')
      }
    },
    setSecretBytes: (bytes) => void admin.setSwitches({ secretBytes: bytes }),
  }
  const assertReady = async (what: string) => {
    for (const name of names) {
      const ready = await operator.condition(name, 'Ready')
      assert.equal(ready?.status, 'True', `${what}: ${name} ${JSON.stringify(ready)}`)
    }
  }

  for (const [at, { what, changes: change = {}, act }] of days.entries()) {
    Object.assign(changes, change)
    await act?.(month)
    for (const type of daily) {
      const data = { id: `batches/${at}`, ...(type === 'batch.succeeded' && { output_file_uri: `files/${at}` }) }
      admin.emit({ project, type, data })
      await clock.advance({ minutes: 30 }, quietly)
      await assertReady(`day ${at + 1}, ${what}`)
    }
    await clock.advance({ minutes: 30 }, quietly)
    for (const name of names) {
      const deliveries = admin.deliveries(ids.get(name)).filter(({ eventType }) => eventType !== 'ping')
      const lost = deliveries.filter(
        ({ state, eventId }) => state !== 'delivered' || !sent.get(`${name}/worker`)?.has(eventId),
      )
      assert.deepEqual(lost, [], `day ${at + 1}, ${what}`)
      const succeeded = deliveries
        .filter(({ eventType }) => eventType === 'batch.succeeded')
        .map(({ eventId }) => eventId)
      assert.deepEqual(
        [...(sent.get(`${name}/succeeded`) ?? [])].toSorted(),
        succeeded.toSorted(),
        `${what}: the filter`,
      )
    }
    assert.equal(admin.webhooks().length, names.length, `${what}: nothing was registered a second time`)
    assert.equal(updates(), updatesBefore, `${what}: nothing was corrected`)
  }

  const events = sent.get('all-events/worker')?.size ?? 0
  assert.equal(events, days.length * daily.length)
  note(await controller.scrape())
  note(await receiver.scrape())
  const found = [...counted].filter(([, count]) => count > 0).map(([what]) => what)
  const expected = [
    'ErrorShape',
    'EventField',
    'EventType',
    'EventVersion',
    'SecretForm',
    'SignatureVersion',
    'WebhookField',
    'WebhookState',
  ]
  assert.deepEqual(found.toSorted(), expected)
  t.diagnostic(`${days.length} days, ${events} events, ${JSON.stringify(Object.fromEntries(counted))}`)
})
