import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'
import { firstClaimsContract } from './first-claims.ts'
import { foldingContract } from './folding.ts'
import { givenUpContract } from './given-up.ts'
import { keptContract } from './kept.ts'
import { neighboursContract } from './neighbours.ts'
import { inboxContract, type MakeInbox } from './suite.ts'

const make: MakeInbox = async (options) => {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-inbox-'))
  const clock = new FakeClock()
  const open = () =>
    openSqliteInbox({
      path: join(folder, 'inbox.db'),
      clock,
      logger: silentLogger,
      metrics: createMetrics(),
      ...options,
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
      await rm(folder, { recursive: true })
    },
  }
}

inboxContract('sqlite', make)
neighboursContract('sqlite', make)
givenUpContract('sqlite', make)
keptContract('sqlite', make)
foldingContract('sqlite', make)
firstClaimsContract('sqlite', make, { claims: 'asked' })
