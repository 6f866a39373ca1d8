import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'

import { ConnectionBook } from '../../../src/connections/connection-book.ts'
import { Intake } from '../../../src/connections/intake.ts'
import { equalQuotas } from '../../../src/fairness/quotas.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const requestMs = 3

/**
 * An intake whose requests each take three milliseconds and are answered at once. A request is `NAME` or
 * `NAMESPACE/NAME`, and a blank line.
 */
function anIntake(weights: Readonly<Record<string, number>> = {}) {
  const clock = new FakeClock()
  const idleMs = { stranger: 5_000, proven: 620_000, proxy: 620_000 }
  const connections = new ConnectionBook({ maxConnections: 100, idleMs, clock, onCut: () => {} })
  const served: string[] = []
  let nowMs = 0
  const intake = new Intake({
    connections,
    namespaceIn: (bytes) => /^(\w+)\//.exec(Buffer.from(bytes).toString())?.[1] ?? '',
    roomFor: () => ({ take: () => true, give: () => {} }),
    quotas: { ...equalQuotas, weightOf: (namespace) => weights[namespace] ?? 1 },
    clock: { now: () => clock.now(), after: (...args) => clock.after(...args), monotonic: () => nowMs },
  })
  let ports = 0
  const open = async (who: { proven?: string; proxy?: true; address?: string }) => {
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
    const named = Object.assign(socket, { remoteAddress: who.address ?? '203.0.113.9', remotePort: (ports += 1) })
    const asSocket = named as unknown as Socket
    connections.accept(asSocket, who.proxy === true ? 'proxy' : 'stranger')
    if (who.proven !== undefined) connections.prove(asSocket, who.proven)
    socket.on('data', (part: Buffer) => {
      const name = part.toString().trim()
      connections.begin({ socket: asSocket, complete: true } as IncomingMessage)
      nowMs += requestMs
      served.push(name)
      connections.answered(asSocket, { isEnding: false })
      intake.answered(asSocket)
    })
    intake.guard(asSocket)
    await turn() // until the stream flows
    return (...names: string[]) =>
      void socket.push(Buffer.from(names.map((name) => `${name.padEnd(130)}\r\n\r\n`).join('')))
  }
  const all = async (count: number) => {
    while (served.length < count) await turn()
    return served
  }
  return { open, all, served }
}

test('namespaces take turns, however many connections one has and however much it sends over each', async () => {
  const { open, all } = anIntake()
  const greedy = await Promise.all(Array.from({ length: 5 }, () => open({ proven: 'greedy' })))
  const modest = await open({ proven: 'modest' })
  for (const send of greedy) send('g', 'g')
  modest('m', 'm')
  const served = await all(12)
  assert.equal(served.slice(0, 5).filter((name) => name === 'm').length, 2, served.join(''))
})

test('strangers together are as one namespace, and take turns by the namespace that they name and their address', async () => {
  const { open, all } = anIntake()
  const flood = await Promise.all(Array.from({ length: 6 }, () => open({})))
  const [proven, newcomer, elsewhere] = [
    await open({ proven: 'ml' }),
    await open({}),
    await open({ address: '198.51.100.1' }),
  ]
  for (const send of flood) send('x', 'x')
  newcomer('ml/new')
  elsewhere('y')
  proven('p', 'p', 'p')
  const served = await all(17)
  const first = served.slice(0, 9)
  assert.deepEqual(
    ['p', 'ml/new', 'y'].map((name) => first.filter((each) => each === name).length),
    [3, 1, 1],
    served.join(' '),
  )
})

test('behind a proxy the path says whose turn a request takes', async () => {
  const { open, all } = anIntake()
  const greedy = await Promise.all(Array.from({ length: 6 }, () => open({ proxy: true })))
  const modest = await open({ proxy: true })
  for (const send of greedy) send('greedy/a', 'greedy/b')
  modest('modest/a')
  const served = await all(13)
  assert.ok(served.indexOf('modest/a') < 4, served.join(' '))
})

test('a namespace of twice the weight has twice the turns', async () => {
  const { open, all } = anIntake({ heavy: 2 })
  const [heavy, light] = [await open({ proven: 'heavy' }), await open({ proven: 'light' })]
  const [h, l] = [Array.from({ length: 20 }, () => 'h'), Array.from({ length: 20 }, () => 'l')]
  light(...l)
  heavy(...h)
  const served = await all(40)
  const ofHeavy = served.slice(0, 15).filter((name) => name === 'h').length
  assert.ok(ofHeavy >= 9 && ofHeavy <= 11, served.join(''))
})
