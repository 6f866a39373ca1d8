import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ApiAnswer } from '../../../src/conformance/api.ts'
import { pacedFetch } from '../../../src/conformance/paced-fetch.ts'
import { rateQuestion } from '../../../src/conformance/questions/limits.ts'
import type { Session } from '../../../src/conformance/session.ts'

/** A service that takes `tookMs` for each answer. */
async function ask(tookMs: number, answer: (nth: number) => Response) {
  const clock = { nowMs: 1_000_000 }
  let calls = 0
  const pace = pacedFetch(
    () => {
      clock.nowMs += tookMs
      return Promise.resolve(answer(++calls))
    },
    () => clock.nowMs,
  )
  const send = pace.through((ms) => Promise.resolve(void (clock.nowMs += ms)))
  const api = async (): Promise<ApiAnswer> => {
    assert.ok(calls < 1_000, 'it goes on for ever')
    return { status: (await send('https://a.test/')).status, body: {} }
  }
  const findings = await rateQuestion.ask({ api, pace } as Partial<Session> as Session).catch(String)
  return { findings, calls }
}

const json = (status: number) => new Response('{}', { status, headers: { 'content-type': 'application/json' } })

test('a slow service is asked no oftener than a fast one', async () => {
  for (const tookMs of [1, 700, 5_000]) {
    const { findings, calls } = await ask(tookMs, () => json(200))
    assert.equal(calls, 100, `${tookMs} ms`)
    assert.equal((findings as { setting?: unknown }[])[0]?.setting, 0)
  }
})

test('what answers in the place of the service ends the question', async () => {
  const { findings, calls } = await ask(1, () => new Response('<html>', { status: 404 }))
  assert.deepEqual([findings, calls], ['Error: the service answered 404 to a list of its webhooks', 1])
})

test('a refusal that does not say how long shows the limit, too', async () => {
  const { findings, calls } = await ask(1, (nth) => json(nth > 30 ? 429 : 200))
  assert.equal((findings as { setting?: unknown }[])[0]?.setting, 30)
  assert.equal(calls, 31)
})
