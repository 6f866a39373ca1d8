import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { JwksKeeper } from '../../../src/signature/jwks-keeper.ts'
import { collectGarbage } from '../../support/measures/collect-garbage.ts'
import { eventually } from '../../support/measures/eventually.ts'

/**
 * Over a real connection, where `fetch` loses hold of its signal when it is given it in a Request. The keeper's rules
 * themselves are in test/unit/signature/jwks-keeper.test.ts.
 */
let answer: (response: ServerResponse) => void = () => {}
let requests = 0
const server = createServer((_request, response) => {
  requests++
  answer(response)
})
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
beforeEach(() => void (requests = 0))
after(() => {
  server.close()
  server.closeAllConnections()
})

function aKeeper(timeoutMs: number) {
  const { port } = server.address() as AddressInfo
  const looks: { ok: boolean }[] = []
  const url = new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`)
  const onLook = (outcome: (typeof looks)[number]) => looks.push(outcome)
  const keeper = new JwksKeeper({ url, clock: systemClock, random: () => 0.5, fetch, timeoutMs, onLook })
  return { keeper, looks }
}

const silences: Record<string, typeof answer> = {
  'never answered': () => {},
  'answered half': (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys":'),
}
for (const [name, silence] of Object.entries(silences)) {
  test(`a look that is ${name} ends at its timeout, whatever the garbage collector took meanwhile`, async (t) => {
    answer = silence
    const scenes = Array.from({ length: 20 }, () => aKeeper(500))
    t.after(() => scenes.forEach(({ keeper }) => keeper.stop()))
    for (const { keeper } of scenes) keeper.start()
    // A delivery that waits for the same look.
    const joined = scenes.map(({ keeper }) => keeper.refresh())
    await eventually('all have arrived', () => requests === scenes.length)
    await collectGarbage()
    await eventually('all looks have ended', () => scenes.every(({ looks }) => looks.length === 1), { timeoutMs: 5000 })
    assert.deepEqual(
      scenes.map(({ looks }) => looks.map(({ ok }) => ok)),
      scenes.map(() => [false]),
    )
    assert.deepEqual(new Set(await Promise.all(joined)), new Set(['unknown']))
  })
}
