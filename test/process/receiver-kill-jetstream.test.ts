import { test } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import { openJetstreamInbox } from '../../src/inbox/jetstream/open-jetstream-inbox.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { aStream } from '../support/jetstream-options.ts'
import { NatsServer, withoutNatsServer } from '../support/nats-server.ts'
import { killReceiverUnderLoad } from './kill-receiver-under-load.ts'

/** Each stands for one random moment under load; KILLS=50 and more for a thorough look. */
const kills = Number(process.env['KILLS'] ?? 15)

test(
  `with its inbox in JetStream every delivery answered 204 reaches a sink that refuses every second one, across ${kills} SIGKILLs of the receiver`,
  { timeout: 240_000, skip: withoutNatsServer },
  async (t) => {
    const server = await NatsServer.start()
    t.after(() => server.dispose())
    const { stream, subjectPrefix, ...rest } = aStream(server.url)
    const shared = { clock: systemClock, logger: silentLogger, metrics: createMetrics() }
    const operator = await openJetstreamInbox({ ...rest, ...shared, stream, subjectPrefix, home: 'operator' })
    t.after(() => operator.close())
    let parked = 0
    const replayParked = async () => {
      for (const { deliveryId, reason } of (await operator.deadLetters({ limit: 100 })).deadLetters) {
        if (reason === 'CrashedRepeatedly' && (await operator.replay(deliveryId))) parked += 1
      }
    }
    const inboxFlags = () => [
      '--inbox=jetstream',
      `--nats-url=${server.url}`,
      `--nats-stream=${stream}`,
      `--nats-subject-prefix=${subjectPrefix}`,
      '--nats-replicas=1',
      '--inbox-max=128MiB',
    ]
    await killReceiverUnderLoad(t, { kills, inboxFlags, failingShare: 0.5, replayParked })
    t.diagnostic(`${parked} parked after three crashes, replayed`)
  },
)
