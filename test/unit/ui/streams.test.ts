import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'

import type { PageMessage } from '../../../src/contract/page/messages.ts'
import { Streams, type Topic } from '../../../src/ui/server/streams.ts'
import { latest } from '../../../src/ui/topics.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

/** A response as far as a stream uses it. */
class Heard extends EventEmitter {
  text = ''
  writableLength = 0
  isDestroyed = false
  writeHead(): void {}
  write(text: string): void {
    this.text += text
  }
  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }
  get messages(): unknown[] {
    return this.text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []))
  }
}

const message = (namespace: string): PageMessage => ({
  type: 'apiServer',
  apiServer: { state: 'Away', why: namespace, sinceMs: 0 },
})

function opened(streams: Streams): Heard {
  const heard = new Heard()
  assert.ok(streams.open(heard as unknown as ServerResponse, {}))
  return heard
}

test('a page gets all there is, then what changed, once; a page that comes later gets all again', async () => {
  const clock = new FakeClock()
  let what = 'first'
  const streams = new Streams([latest(() => message(what))], clock)
  const early = opened(streams)
  await clock.advance({ seconds: 1 })
  assert.deepEqual(early.messages, [message('first')])
  what = 'second'
  await clock.advance({ seconds: 1 })
  const late = opened(streams)
  assert.deepEqual(early.messages, [message('first'), message('second')])
  assert.deepEqual(late.messages, [message('second')])
})

test('changes of a quarter of a second go together, and slow topics are asked less often', async () => {
  const clock = new FakeClock()
  const asked = { fast: 0, slow: 0 }
  const counting = (name: keyof typeof asked, everyTicks: number): Topic => ({
    everyTicks,
    all: () => [],
    changes: () => {
      asked[name] += 1
      return []
    },
  })
  const streams = new Streams([counting('fast', 1), counting('slow', 4)], clock)
  opened(streams)
  asked.fast = asked.slow = 0
  await clock.advance({ seconds: 2 })
  assert.deepEqual(asked, { fast: 8, slow: 2 })
})

test('without a page nothing is asked, and no timer runs', async () => {
  const clock = new FakeClock()
  const heardOf: string[] = []
  const streams = new Streams([{ all: () => [], changes: () => (heardOf.push('asked'), []) }], clock)
  const page = opened(streams)
  page.destroy()
  await clock.advance({ seconds: 1 })
  heardOf.length = 0
  await clock.advance({ minutes: 10 })
  assert.deepEqual([heardOf.length, clock.pending], [0, 0])
})

test('text of any kind stays inside its event', () => {
  const text = 'a\n\ndata: {"type":"hello"}\n\n\r\u2028</script><img src=x onerror=alert(1)>\u0000'
  const streams = new Streams([latest(() => message(text))], new FakeClock())
  assert.deepEqual(opened(streams).messages, [message(text)])
})

test('a page that reads nothing is disconnected, and no more than a bounded number is open', async () => {
  const clock = new FakeClock()
  let count = 0
  const streams = new Streams([latest(() => message(String((count += 1))))], clock)
  const stuck = opened(streams)
  const well = opened(streams)
  stuck.writableLength = 64 * 1024 * 1024
  await clock.advance({ seconds: 1 })
  assert.deepEqual([stuck.isDestroyed, well.isDestroyed], [true, false])
  for (let open = 1; open < 32; open++) opened(streams)
  assert.equal(streams.open(new Heard() as unknown as ServerResponse, {}), false)
})

test('a heartbeat keeps a quiet stream open', async () => {
  const clock = new FakeClock()
  const page = opened(new Streams([], clock))
  await clock.advance({ seconds: 16 })
  assert.match(page.text, /\n:\n\n$/)
})
