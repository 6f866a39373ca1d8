import type { Clock } from '../../clock.ts'
import type { Logger } from '../../observability/logger.ts'
import type { Quotas } from '../../fairness/quotas.ts'
import type { InboxBounds } from '../bounds.ts'
import type { RecentDrops } from '../recent-drops.ts'
import type { JetstreamInstruments } from './jetstream-instruments.ts'
import type { Ledger } from './ledger.ts'
import type { Identity } from './ledger-deps.ts'
import type { StreamStore } from './stream-store.ts'
import type { Subjects } from './subjects.ts'

/** What the deps of one inbox share. */
export interface SharedDeps {
  store: StreamStore
  ledger: Ledger
  subjects: Subjects
  identity: Identity
  bounds: InboxBounds
  quotas: Quotas
  clock: Clock
  logger: Logger
  instruments: JetstreamInstruments
  recentDrops: RecentDrops
}
