import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'

import { aTenant, anEventBody } from '../../support/worlds/neighbours/a-tenant.ts'
import { playBeside } from '../../support/worlds/neighbours/play-beside.ts'
import { sendSteadily } from '../../support/worlds/neighbours/send-steadily.ts'

playBeside('sinks that answer with endless short headers', async (t) => {
  const worker = new Worker(new URL('../../support/worlds/neighbours/endless-headers-worker.ts', import.meta.url))
  t.after(() => worker.terminate())
  const [{ port: sinkPort }] = (await once(worker, 'message')) as [AddressInfo]
  const sinks = Array.from({ length: 16 }, (_, at) => ({ name: `s${at}`, url: `http://127.0.0.1:${sinkPort}/${at}` }))
  const attacker = aTenant('attacker', 'headers', sinks)
  return {
    attackers: [attacker],
    async begin({ port, signal }) {
      void sendSteadily(attacker, { port, signal, perSecond: 2, body: () => anEventBody() })
    },
  }
})
