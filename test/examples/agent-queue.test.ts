import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'

import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'

import packageJson from '../../package.json' with { type: 'json' }
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { ExampleProcess } from '../support/processes/example-process.ts'
import { eventually } from '../support/measures/eventually.ts'
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
  const consumers: ExampleProcess[] = []

  async function startConsumer(): Promise<ExampleProcess> {
    const consumer = new ExampleProcess({
      command: [process.execPath, 'consumer.ts'],
      cwd: 'examples/agent-queue',
      env: {
        NATS_URL: nats.url,
        GEMINI_API_KEY: roles.apiKey,
        GOOGLE_GEMINI_BASE_URL: roles.webhookServiceUrl,
        ACK_WAIT_SECONDS: '2',
      },
    })
    consumers.push(consumer)
    await consumer.printed(/(taking interactions)/)
    return consumer
  }

  /** An interaction that asks for a function; its id. */
  function anInteraction(): string {
    const { admin, project } = roles
    const { id } = admin.createJob({ project, type: 'interaction' })
    admin.finishJob(id, 'requires_action')
    return id
  }

  /** How often the consumers have acted for it, all together. */
  const actedFor = (id: string) => consumers.filter(({ output }) => output.includes(`${id}: requires_action\n`)).length

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
    await startConsumer()
    await startConsumer()
    await roles.apply('examples/agent-queue/webhook.yaml')
  })
  after(async () => {
    await Promise.all(consumers.map((consumer) => consumer.kill()))
    await roles.stop()
    await connection.close()
    await nats.dispose()
  })

  test('each interaction that requires action goes to one of the consumers, and leaves the queue', async () => {
    const ids = Array.from({ length: 20 }, anInteraction)
    for (const id of ids) await eventually(`somebody has acted for ${id}`, () => actedFor(id) > 0)
    await isEmpty()
    assert.deepEqual(
      ids.map(actedFor),
      ids.map(() => 1),
    )
  })

  test('what fails is tried again', async () => {
    const status = { type: 'status', status: 404 } as const
    roles.admin.addFault({ verb: 'getJob', effect: status })
    const id = anInteraction()
    await eventually('it was tried again', () => actedFor(id) === 1)
    assert.ok(consumers.some(({ output }) => output.includes(`${id}: later:`)))
    await isEmpty()
  })

  test('what a consumer had in its hands when it was killed goes to another', async () => {
    roles.admin.addFault({ verb: 'getJob', effect: { type: 'hang' }, times: 0 })
    const id = anInteraction()
    await eventually('somebody asks for it', () =>
      roles.admin.calls().calls.some(({ verb, faults }) => verb === 'getJob' && faults.includes('hang')),
    )
    assert.equal(await waiting(), 1)
    await Promise.all(consumers.map((consumer) => consumer.kill()))
    roles.admin.clearFaults()
    await startConsumer()
    await eventually('it is done', () => actedFor(id) === 1)
    await isEmpty()
  })

  test('what happens while nobody consumes waits in the queue', async () => {
    await Promise.all(consumers.map((consumer) => consumer.kill()))
    const ids = [anInteraction(), anInteraction()]
    await eventually('both wait', async () => (await waiting()) === 2)
    await startConsumer()
    for (const id of ids) await eventually(`somebody has acted for ${id}`, () => actedFor(id) === 1)
    await isEmpty()
  })
})
