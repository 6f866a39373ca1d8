import { after, before, describe } from 'node:test'

import { openJetstreamInbox } from '../../../src/inbox/jetstream/open-jetstream-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { aStream } from '../../support/builders/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../../support/processes/nats-server.ts'
import { firstClaimsContract } from './first-claims.ts'
import { foldingContract } from './folding.ts'
import { givenUpContract } from './given-up.ts'
import { keptContract } from './kept.ts'
import { neighboursContract } from './neighbours.ts'
import { inboxContract, type MakeInbox } from './suite.ts'

void describe('inbox on a real nats-server', { skip: withoutNatsServer }, () => {
  let server: NatsServer
  let streams = 0
  before(async () => {
    server = await NatsServer.start()
  })
  after(() => server.dispose())

  const make: MakeInbox = async ({ bounds, quotas }) => {
    const clock = new FakeClock()
    const number = ++streams
    const open = () =>
      openJetstreamInbox({
        ...aStream(server.url, number),
        clock,
        logger: silentLogger,
        metrics: createMetrics(),
        bounds: { maxBytes: 8 * 1024 * 1024, ...bounds },
        ...(quotas !== undefined && { quotas }),
      })
    let inbox = await open()
    return {
      inbox,
      clock,
      async reopen() {
        await inbox.close()
        inbox = await open()
        return inbox
      },
      async dispose() {
        await inbox.close()
      },
    }
  }

  inboxContract('jetstream', make)
  neighboursContract('jetstream', make)
  givenUpContract('jetstream', make)
  keptContract('jetstream', make)
  foldingContract('jetstream', make)
  firstClaimsContract('jetstream', make, { claims: 'asked' })
})
