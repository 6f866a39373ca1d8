import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ConfigMap } from '../../../../src/kubernetes/core-kinds.ts'
import { ReportReader } from '../../../../src/controller/reports/report-reader.ts'
import type { KubernetesClient, KubernetesObject } from '../../../../src/kubernetes/client.ts'
import { silentLogger } from '../../../../src/observability/logger.ts'
import { slotName } from '../../../../src/contract/receiver-report/slots.ts'
import { FakeClock, settle } from '../../../support/doubles/fake-clock.ts'

function aReader() {
  const clock = new FakeClock()
  const stored = new Map<string, ConfigMap>()
  const reads: string[] = []
  const told: string[] = []
  let refusal: Error | undefined
  const client = {
    get: (_kind: unknown, { name }: { name: string }) => {
      reads.push(name)
      return refusal === undefined ? Promise.resolve(stored.get(name)) : Promise.reject(refusal)
    },
  } as unknown as KubernetesClient
  const reader = new ReportReader({
    client,
    namespace: 'home',
    clock,
    logger: silentLogger,
    restMs: 2_000,
    onRead: ({ type, object }) => told.push(`${type} ${object.metadata.name}`),
  })
  let version = 0
  /** As the watch shows it: by its metadata. */
  const write = (name: string, text: string, type: 'added' | 'updated' = 'updated') => {
    const metadata = { name, resourceVersion: String((version += 1)) }
    stored.set(name, { metadata, data: { pod: text } })
    const object: KubernetesObject = { metadata }
    reader.noticed(type === 'added' ? { type, object } : { type, object, previous: object })
  }
  const remove = (gone: string) => {
    stored.delete(gone)
    reader.noticed({ type: 'deleted', object: { metadata: { name: gone } } })
  }
  const fail = (error: Error | undefined) => {
    refusal = error
  }
  return {
    clock,
    reader,
    reads,
    told,
    write,
    remove,
    fail,
    textOf: (name: string) => reader.get({ name })?.data?.['pod'],
  }
}

const name = slotName(3)

test('a report is read at once, and a storm of them twice: now, and the last after a rest', async () => {
  const { clock, reader, reads, write, textOf } = aReader()
  write(name, 'first', 'added')
  await reader.whenRead()
  assert.equal(textOf(name), 'first')
  for (let index = 0; index < 1_000; index++) write(name, `storm-${index}`)
  await settle()
  assert.equal(reads.length, 1)
  await clock.advance({ seconds: 2 })
  assert.equal(reads.length, 2)
  assert.equal(textOf(name), 'storm-999')
  await clock.advance({ minutes: 10 })
  assert.equal(reads.length, 2, 'and nothing when nothing changes')
})

test('a full one rests longer, and holds up no other', async () => {
  const { clock, reads, write, textOf } = aReader()
  write(name, 'x'.repeat(1024 * 1024), 'added')
  await settle()
  write(name, 'next')
  write(slotName(4), 'honest', 'added')
  await clock.advance({ ms: 2_100 })
  assert.equal(textOf(slotName(4)), 'honest')
  assert.equal(reads.filter((each) => each === name).length, 1)
  await clock.advance({ seconds: 2 })
  assert.equal(textOf(name), 'next')
})

test('what cannot be read is tried again after a rest, and what is gone is told', async () => {
  const { clock, reader, told, write, fail, textOf } = aReader()
  fail(new Error('no answer'))
  write(name, 'said', 'added')
  await reader.whenRead()
  assert.deepEqual(told, [])
  fail(undefined)
  await clock.advance({ seconds: 2 })
  assert.equal(textOf(name), 'said')
  reader.noticed({ type: 'deleted', object: { metadata: { name } } })
  assert.equal(textOf(name), undefined)
  assert.deepEqual(told, [`added ${name}`, `deleted ${name}`])
})

test('what goes while it is read is gone in the end, and that is told last', async () => {
  const { clock, reader, told, write, remove, textOf } = aReader()
  write(name, 'said', 'added')
  remove(name)
  await reader.whenRead()
  assert.equal(textOf(name), 'said', 'the answer was on its way')
  await clock.advance({ seconds: 2 })
  assert.equal(textOf(name), undefined)
  assert.deepEqual(told, [`deleted ${name}`, `added ${name}`, `deleted ${name}`])
})

test('what is none of the list is not read', async () => {
  const { reads, write } = aReader()
  write('somebody-else', 'x', 'added')
  await settle()
  assert.deepEqual(reads, [])
})
