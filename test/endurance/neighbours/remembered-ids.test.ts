import assert from 'node:assert/strict'

import { aTenant } from '../../support/worlds/neighbours/a-tenant.ts'
import { playBeside } from '../../support/worlds/neighbours/play-beside.ts'
import { sendAll, sendSteadily } from '../../support/worlds/neighbours/send-steadily.ts'

/** More than an inbox of 2 MiB can remember with the longest ids, where each is kept as it came. */
const count = 8_000
const idOf = (at: number | string) => `m${at}_`.padEnd(256, 'x')

playBeside('one object without a sink fills the inbox with ids', async () => {
  const attacker = aTenant('attacker', 'ids', [])
  return {
    attackers: [attacker],
    inboxMax: '2MiB',
    async begin({ port, signal }) {
      const statuses = await sendAll(attacker, { port, count, body: () => '{}', id: idOf })
      assert.deepEqual(
        statuses
          .keys()
          .filter((status) => status !== 204 && status !== 503)
          .toArray(),
        [],
      )
      let more = 0
      const id = () => idOf(`more_${(more += 1)}`)
      void sendSteadily(attacker, { port, signal, perSecond: 20, body: () => '{}', id })
    },
  }
})
