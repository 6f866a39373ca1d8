import { join } from 'node:path'

import { systemClock } from '../../src/clock.ts'
import { parseEnvelope } from '../../src/gemini/parse-event.ts'
import { openJetstreamInbox, shippedGatherMs } from '../../src/inbox/jetstream/open-jetstream-inbox.ts'
import { openSqliteInbox, shippedAppendIntervalMs } from '../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { allKeyringSecretNames, keyringSecretNameFor } from '../../src/contract/keyring/shard.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createReceiver } from '../../src/receiver/create-receiver.ts'
import { decodeShard } from '../../src/receiver/decode-shard.ts'
import { EndpointActivity } from '../../src/receiver/endpoint-activity.ts'
import { EndpointDirectory } from '../../src/receiver/endpoint-directory.ts'
import { aStream } from '../../test/support/builders/jetstream-options.ts'
import { anEntry } from '../delivery/installation.ts'

/**
 * The receiver with everything that it has in production up to the answer: limits, look-up, signature, inbox with
 * fsync, metrics, log. The one endpoint has one sink, without which an inbox keeps the ids alone: so the whole event is
 * stored, and its delivery to claim. Nothing claims it: handing on is not what is measured. Arguments: folder for the
 * inbox, signing secret, and the URL of a nats-server for an inbox there. A process of its own; logs its port.
 */
const [folder = '', secret = '', natsUrl] = process.argv.slice(2)
const entry = anEntry({ secret: Buffer.from(secret, 'base64'), sinkUrl: 'http://worker.bench.svc/events' })
const logger = createLogger({ level: 'warn', name: 'bench-receiver', fd: 1 })
const metrics = createMetrics()
const settings = { clock: systemClock, logger, metrics, bounds: { ownerShare: 1 } }
const inbox =
  natsUrl === undefined
    ? await openSqliteInbox({
        ...settings,
        path: join(folder, 'inbox.sqlite'),
        appendIntervalMs: shippedAppendIntervalMs,
      })
    : await openJetstreamInbox({ ...settings, ...aStream(natsUrl), gatherMs: shippedGatherMs })
const directory = new EndpointDirectory()
for (const shard of allKeyringSecretNames()) {
  const data = shard === keyringSecretNameFor(entry.uid) ? [[entry.uid, JSON.stringify(entry)] as const] : []
  directory.applyShard(shard, decodeShard(shard, new Map(data)))
}
const receiver = createReceiver({
  directory,
  inbox,
  activity: new EndpointActivity(),
  clock: systemClock,
  logger,
  metrics,
  parseEnvelope,
})
const { port } = await receiver.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`${JSON.stringify({ message: 'bench.started', port })}\n`)
process.once('SIGTERM', () => {
  void receiver
    .close()
    .then(() => inbox.close())
    .then(() => process.exit(0))
})
