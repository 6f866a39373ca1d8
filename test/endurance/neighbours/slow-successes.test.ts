import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

import { aSink } from '../../support/builders/deliveries.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { aTenant, anEventBody } from '../../support/worlds/neighbours/a-tenant.ts'
import { isLong, playBeside, type Attack } from '../../support/worlds/neighbours/play-beside.ts'
import { sendAll, sendSteadily } from '../../support/worlds/neighbours/send-steadily.ts'

/** Longer than the victim is looked at in the short run: what was begun before holds its place all along. */
const slowMs = 35_000
/**
 * Of some, which show again and again that they take all that they get, so that their windows grow. Not faster: it is
 * places that are taken here, not processor time.
 */
const lessSlowMs = 4_000
const sinksEach = 16
const delivery = { ...aSink().delivery, timeoutMs: 300_000, backoffMaxMs: 1_000, maxInFlight: 1_024 }

const body = () => anEventBody()

for (const objects of isLong ? [2, 40] : [2]) {
  playBeside(`${objects} objects with ${sinksEach} sinks that take everything, slowly`, (t) => anAttack(t, objects))
}

async function anAttack(t: TestContext, objects: number): Promise<Attack> {
  let held = 0
  const slow = createServer((request, response) => {
    const afterMs = request.url === '/less' ? lessSlowMs : slowMs
    held += 1
    request.resume()
    const answer = setTimeout(() => {
      held -= 1
      response.writeHead(204).end()
    }, afterMs)
    response.once('close', () => clearTimeout(answer))
  })
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    slow.closeAllConnections()
    slow.close()
  })
  const { port: slowPort } = slow.address() as AddressInfo
  const attackers = Array.from({ length: objects }, (_, object) => {
    const sinks = Array.from({ length: sinksEach }, (__, sink) => {
      const path = sink % 2 === 0 ? 'less' : 'slow'
      return { name: `s${sink}`, url: `http://127.0.0.1:${slowPort}/${path}`, delivery }
    })
    return aTenant('attacker', `slow-${object}`, sinks)
  })
  return {
    attackers,
    async begin({ port, signal }) {
      await Promise.all(attackers.map((tenant) => sendAll(tenant, { port, count: Math.ceil(100 / objects), body })))
      await eventually('their sinks hold what they may', () => held >= 150, { timeoutMs: 60_000 })
      for (const tenant of attackers) void sendSteadily(tenant, { port, signal, perSecond: 1 / objects, body })
    },
  }
}
