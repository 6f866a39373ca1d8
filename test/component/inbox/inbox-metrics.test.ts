import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import type { Inbox } from '../../../src/inbox/port.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'

function surroundings() {
  return { clock: new FakeClock(), logger: silentLogger, metrics: createMetrics() }
}
type Surroundings = ReturnType<typeof surroundings>

const drivers: Record<string, (t: TestContext, around: Surroundings) => Promise<Inbox>> = {
  async sqlite(t, around) {
    const folder = await mkdtemp(join(tmpdir(), 'gwh-inbox-metrics-'))
    t.after(() => rm(folder, { recursive: true }))
    return openSqliteInbox({ path: join(folder, 'inbox.db'), ...around })
  },
  async jetstream(t, around) {
    const server = await NatsServer.start()
    t.after(() => server.dispose())
    return openJetstreamInbox({ ...aStream(server.url), ...around })
  },
}

for (const [driver, open] of Object.entries(drivers)) {
  const skip = driver === 'jetstream' && withoutNatsServer
  test(
    `a scrape tells the depth, the age and the room of the ${driver} inbox, and names no object`,
    { skip },
    async (t) => {
      const around = surroundings()
      const inbox = await open(t, around)
      t.after(() => inbox.close())
      await inbox.append(anEvent({ sinks: ['worker', 'other'], body: Buffer.alloc(100) }))
      await inbox.append(anEvent({ eventId: 'msg_2', body: Buffer.alloc(50) }))
      const [claimed] = await inbox.claimDue(1, 60_000)
      assert.ok(claimed)
      await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
      await around.clock.advance({ seconds: 20 })
      const text = await eventually('the next look after things', async () => {
        const { text: scraped } = await around.metrics.expose()
        return scraped.includes('gwh_inbox_oldest_pending_seconds 20') ? scraped : (await inbox.stats(), undefined)
      })
      const lines = text.split('\n')
      for (const line of [
        'gwh_inbox_events 2',
        'gwh_inbox_body_bytes 150',
        'gwh_inbox_pending_deliveries 2',
        'gwh_inbox_dead_letters 1',
        'gwh_inbox_dead_letters_dropped_total 0',
      ]) {
        assert.ok(lines.includes(line), `${line}\n${text}`)
      }
      const value = (name: string) => Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1])
      assert.ok(value('gwh_inbox_used_bytes') > 150)
      assert.ok(value('gwh_inbox_max_bytes') > value('gwh_inbox_used_bytes'))
      assert.doesNotMatch(text, /batch-events|msg_|worker|uid-1/)
    },
  )
}
