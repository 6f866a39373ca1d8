import { aTenant, anEventBody } from '../../support/worlds/neighbours/a-tenant.ts'
import { isLong, playBeside, type Attack } from '../../support/worlds/neighbours/play-beside.ts'
import { sendSteadily } from '../../support/worlds/neighbours/send-steadily.ts'

const sinks = 16
/** Events of this size, each looked through a hundred times by each filter. */
const text = 'a'.repeat(30_000)
const list = Array.from({ length: 100 }, (_, at) => at)
const cel = 'event.data.l.exists(x, (event.data.a + event.data.a).size() == 3)'

for (const perSecond of isLong ? [1, 5] : [5]) {
  playBeside(`one object with ${sinks} costly filters and ${perSecond} large events a second`, async () =>
    anAttack(perSecond),
  )
}

function anAttack(perSecond: number): Attack {
  const filters = Array.from({ length: sinks }, (_, at) => ({
    name: `s${at}`,
    url: 'http://127.0.0.1:9/',
    // Each another expression, so that nothing that was found for one serves the next.
    filter: { typesExact: [], typesPrefix: [], cel: `${cel} || ${at} == -1` },
  }))
  const attacker = aTenant('attacker', 'filters', filters)
  return {
    attackers: [attacker],
    async begin({ port, signal }) {
      void sendSteadily(attacker, { port, signal, perSecond, body: () => anEventBody({ id: 'b', l: list, a: text }) })
    },
  }
}
