import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'

import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'

import packageJson from '../../package.json' with { type: 'json' }
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { eventually } from '../support/measures/eventually.ts'
import { AgentConsumers } from '../support/worlds/agent-consumers.ts'
import { startExampleRoles, type ExampleRoles } from '../support/worlds/example-roles.ts'

const queue = 'AGENT_QUEUE'

test('its packages are those that it is tested with', () => {
  const own = JSON.parse(readFileSync('examples/agent-queue/package.json', 'utf8')) as typeof packageJson
  const { dependencies } = packageJson
  for (const [name, version] of Object.entries(own.dependencies)) {
    assert.equal(version, dependencies[name as keyof typeof dependencies], name)
  }
})

void describe('agent-queue, with a real nats-server', { skip: withoutNatsServer }, () => {
  let nats: NatsServer
  let connection: NatsConnection
  let roles: ExampleRoles
  let consumers: AgentConsumers

  const waiting = async () => {
    const { state } = await (await jetstreamManager(connection)).streams.info(queue)
    return state.messages
  }
  const isEmpty = () => eventually('the queue is empty', async () => (await waiting()) === 0)

  before(async () => {
    nats = await NatsServer.start()
    connection = await connect({ servers: nats.url })
    roles = await startExampleRoles({
      controller: ['--nats-sink-prefix=gwh.events'],
      receiver: [`--nats-sink-url=${nats.url}`],
    })
    consumers = new AgentConsumers(roles, 'consumer.ts', { NATS_URL: nats.url, ACK_WAIT_SECONDS: '2' })
    await Promise.all([consumers.start(), consumers.start()])
    await roles.apply('examples/agent-queue/webhook.yaml')
  })
  after(async () => {
    await consumers.kill()
    await roles.stop()
    await connection.close()
    await nats.dispose()
  })

  test('each interaction that requires action goes to one of the consumers, and leaves the queue', async () => {
    const ids = Array.from({ length: 20 }, () => consumers.newInteraction())
    for (const id of ids) await eventually(`somebody has acted for ${id}`, () => consumers.actedFor(id) > 0)
    await isEmpty()
    assert.deepEqual(
      ids.map((id) => consumers.actedFor(id)),
      ids.map(() => 1),
    )
  })

  test('what fails is tried again', async () => {
    const status = { type: 'status', status: 404 } as const
    roles.admin.addFault({ verb: 'getJob', effect: status })
    const id = consumers.newInteraction()
    await eventually('it was tried again', () => consumers.actedFor(id) === 1)
    assert.ok(consumers.failedFor(id))
    await isEmpty()
  })

  test('what a consumer had in its hands when it was killed goes to another', async () => {
    const id = await consumers.interactionInHand()
    assert.equal(await waiting(), 1)
    await consumers.kill()
    roles.admin.clearFaults()
    await consumers.start()
    await eventually('it is done', () => consumers.actedFor(id) === 1)
    await isEmpty()
  })

  test('what happens while nobody consumes waits in the queue', async () => {
    await consumers.kill()
    const ids = [consumers.newInteraction(), consumers.newInteraction()]
    await eventually('both wait', async () => (await waiting()) === 2)
    await consumers.start()
    for (const id of ids) await eventually(`somebody has acted for ${id}`, () => consumers.actedFor(id) === 1)
    await isEmpty()
  })
})
