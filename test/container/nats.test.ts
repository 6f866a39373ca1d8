import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { GenericContainer, Wait } from 'testcontainers'

import { systemClock } from '../../src/clock.ts'
import { openJetstreamInbox } from '../../src/inbox/jetstream/open-jetstream-inbox.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { anEvent } from '../support/builders/an-event.ts'
import { findContainerEngine } from '../support/processes/container-engine.ts'
import { eventually } from '../support/measures/eventually.ts'
import { aStream } from '../support/builders/jetstream-options.ts'

const engine = await findContainerEngine(process.env)
const configuration = 'jetstream { store_dir: "/data", sync_interval: always }'

describe('NATS in a container', { skip: engine.lacks('nats') }, () => {
  test('what was acknowledged before the container was killed is there when it is back', async () => {
    await using server = await new GenericContainer(engine.images.nats)
      .withEntrypoint(['/nats-server'])
      .withCommand(['-c', '/nats.conf'])
      .withCopyContentToContainer([{ content: configuration, target: '/nats.conf' }])
      .withExposedPorts(4222)
      .withWaitStrategy(Wait.forLogMessage('Server is ready'))
      .start()
    // Its log says that it is ready a moment too early, and the second time the line of the first is still there: only
    // a connection tells.
    const open = () => eventually('the server takes connections', () => tryToOpen().catch(() => undefined))
    const tryToOpen = () =>
      openJetstreamInbox({
        ...aStream(`nats://${server.getHost()}:${server.getMappedPort(4222)}`),
        clock: systemClock,
        logger: silentLogger,
        metrics: createMetrics(),
      })
    const first = await open()
    assert.equal(await first.append(anEvent({ eventId: 'msg_kept' })), 'stored')
    await first.close()
    await server.restart({ timeout: 0 })
    const second = await open()
    assert.equal(await second.append(anEvent({ eventId: 'msg_kept' })), 'duplicate')
    assert.equal((await second.stats()).pending, 1)
    await second.close()
  })
})
