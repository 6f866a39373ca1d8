import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

import { eventually } from '../../support/measures/eventually.ts'
import { aTenant, anEventBody, type Tenant } from '../../support/worlds/neighbours/a-tenant.ts'
import { isLong, playBeside, type Attack } from '../../support/worlds/neighbours/play-beside.ts'
import { sendAll, sendSteadily } from '../../support/worlds/neighbours/send-steadily.ts'

/** Just below what is allowed, of what takes longest to parse. */
const largestBytes = 255 * 1024
const rows = Array.from({ length: 15_000 }, (_, at) => ({ k: at % 10, v: 'ab' }))
const body = anEventBody({ id: 'batches/1', rows }).padEnd(largestBytes, ' ')

const formats = ['CloudEventBinary', 'CloudEventStructured'] as const

/** At once, before the victim is looked at: what a receiver does for the first time takes longest. */
const first = 16
/** More would have the attacker's own process take the processors that the receiver is to be looked at with. */
const mostPerSecond = isLong ? 20 : 8
/**
 * Of what the receiver carried of the first ones: where the attack alone fills its thread, and with it one of two
 * processors, any work for the victim comes late, and it is the machine that is measured.
 */
const shareOfThread = 1 / 4

/**
 * A body of this size is one write, to the volume or to the server of the stream, and read once more for the sinks:
 * whoever comes in the middle of it waits for it.
 */
const indivisibleMs = 250

playBeside(`bodies of ${largestBytes / 1024} KiB to ${2 * formats.length} sinks`, anAttack)

async function anAttack(t: TestContext): Promise<Attack> {
  let arrived = 0
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      arrived++
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port: sinkPort } = server.address() as AddressInfo
  const attacker = inFormats(aTenant('attacker', 'large', sinksAt(sinkPort)))
  return {
    attackers: [attacker],
    indivisibleMs,
    async begin({ port, signal }) {
      const startedMs = performance.now()
      await sendAll(attacker, { port, count: first, body: () => body })
      const { length: sinks } = attacker.entry.sinks
      await eventually('the first bodies have arrived', () => arrived >= first * sinks, { timeoutMs: 60_000 })
      const carriedPerSecond = (first * 1_000) / (performance.now() - startedMs)
      const perSecond = Math.min(mostPerSecond, carriedPerSecond * shareOfThread)
      void sendSteadily(attacker, { port, signal, perSecond, body: () => body })
    },
  }
}

function sinksAt(port: number) {
  return formats.flatMap((format) =>
    [0, 1].map((at) => ({ name: `${format}-${at}`.toLowerCase(), url: `http://127.0.0.1:${port}/` })),
  )
}

/** As many sinks of each format. */
function inFormats(tenant: Tenant): Tenant {
  const sinks = tenant.entry.sinks.map((sink, at) => ({ ...sink, format: formats[at % 2] ?? formats[0] }))
  return { ...tenant, entry: { ...tenant.entry, sinks } }
}
