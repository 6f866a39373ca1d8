import { join } from 'node:path'

import type { ReceiverConfig } from '../config/receiver-config.ts'
import type { Quotas } from '../fairness/quotas.ts'
import type { InboxBounds } from '../inbox/bounds.ts'
import type { JetstreamInboxOptions } from '../inbox/jetstream/open-jetstream-inbox.ts'
import type { Inbox } from '../inbox/port.ts'
import { unreachable } from '../unreachable.ts'
import type { RoleDeps } from './process-deps.ts'

const inboxFile = 'inbox.sqlite'

interface InboxDeps extends Pick<RoleDeps, 'clock' | 'logger' | 'metrics'> {
  readonly podName: string
  readonly quotas: Quotas
  readonly onEnded: (why: string) => void
  /** Another receiver left work to do. */
  readonly onOthersWork: () => void
  /** How long writes may wait for others to share a commit, milliseconds; undefined: what ships with the driver. */
  readonly gatherMs: number | undefined
}

/** Opens the inbox that is configured. Only the driver that is used is loaded. */
export async function openInbox(
  config: ReceiverConfig,
  { podName, onOthersWork, gatherMs: given, ...deps }: InboxDeps,
): Promise<Inbox> {
  const bounds = inboxBounds(config)
  switch (config.inbox) {
    case 'sqlite': {
      const { openSqliteInbox, shippedAppendIntervalMs } = await import('../inbox/sqlite/open-sqlite-inbox.ts')
      const { dataDir, inboxSetAsideDamaged: setAsideDamaged } = config
      const path = join(dataDir, inboxFile)
      const appendIntervalMs = given ?? shippedAppendIntervalMs
      return openSqliteInbox({ path, bounds, setAsideDamaged, appendIntervalMs, ...deps })
    }
    case 'jetstream': {
      const { openJetstreamInbox, shippedGatherMs } = await import('../inbox/jetstream/open-jetstream-inbox.ts')
      const gatherMs = given ?? shippedGatherMs
      return openJetstreamInbox({ ...streamOptions(config), home: podName, onOthersWork, bounds, gatherMs, ...deps })
    }
    default:
      return unreachable(config.inbox)
  }
}

type StreamOptions = Omit<JetstreamInboxOptions, 'home' | 'bounds' | keyof InboxDeps>

function streamOptions(config: ReceiverConfig): StreamOptions {
  return {
    urls: config.natsUrl,
    ...(config.natsCredentials !== undefined && { credentialsFile: config.natsCredentials }),
    ...(config.natsCa !== undefined && { caFile: config.natsCa }),
    stream: config.natsStream,
    subjectPrefix: config.natsSubjectPrefix,
    replicas: config.natsReplicas,
    maxBodyBytes: config.maxBodyBytes,
  }
}

function inboxBounds(config: ReceiverConfig): Partial<InboxBounds> {
  const share = config.inboxOwnerSharePercent / 100
  return {
    maxBytes: config.inboxMaxBytes,
    maxEvents: config.inboxMaxEvents,
    ownerShare: share,
    dedupeMs: config.dedupeMs,
    maxDeadLetters: config.maxDeadLetters,
    deadLetterKeepMs: config.deadLetterKeepMs,
    deadLetterShare: share,
  }
}
