import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { eventually } from '../support/measures/eventually.ts'
import { KafkaGroup } from '../support/measures/kafka-group.ts'
import { KafkaServer, withoutKafka } from '../support/processes/kafka-server.ts'
import { AgentConsumers } from '../support/worlds/agent-consumers.ts'
import { startExampleRoles, type ExampleRoles } from '../support/worlds/example-roles.ts'
import { userNamespace } from '../support/worlds/operator-world.ts'

const topic = `gwh.events.${userNamespace}.agents.interaction_requires_action`

void describe('agent-queue, with a real Kafka broker', { skip: withoutKafka }, () => {
  let kafka: KafkaServer
  let group: KafkaGroup
  let roles: ExampleRoles
  let consumers: AgentConsumers

  const allIsDone = () => eventually('everything is committed', async () => (await group.lag()) === 0)

  const everyoneIsActedFor = async (ids: readonly string[]) => {
    for (const id of ids) await eventually(`somebody has acted for ${id}`, () => consumers.actedFor(id) > 0)
    await allIsDone()
  }

  before(async () => {
    // The group waits for its second member before it shares the partitions out for the first time.
    const configuration = ['group.min.session.timeout.ms=1000', 'group.initial.rebalance.delay.ms=2000']
    kafka = await KafkaServer.start({ configuration })
    group = await KafkaGroup.ofNewTopic(kafka.open, { topic, group: 'agents', partitions: 3 })
    roles = await startExampleRoles({
      controller: ['--kafka-sink-prefix=gwh.events'],
      receiver: [`--kafka-sink-broker=${kafka.open}`],
    })
    const env = { KAFKA_BROKERS: kafka.open, KAFKA_TOPIC: topic, SESSION_TIMEOUT_SECONDS: '2' }
    consumers = new AgentConsumers(roles, 'kafka-consumer.ts', env)
    await Promise.all([consumers.start(), consumers.start()])
    await eventually('both share the partitions', async () => (await group.members()) === 2)
    await roles.apply('examples/agent-queue/kafka-webhook.yaml')
    // Where they were shared out anew all the same, a fetch from before that still waits takes the next records, too.
    await everyoneIsActedFor(Array.from({ length: 6 }, () => consumers.newInteraction()))
  })
  after(async () => {
    await consumers.kill()
    await roles.stop()
    await group[Symbol.asyncDispose]()
    await kafka.dispose()
  })

  test('each interaction that requires action goes to one of the consumers, who share the partitions', async () => {
    const ids = Array.from({ length: 20 }, () => consumers.newInteraction())
    await everyoneIsActedFor(ids)
    assert.deepEqual(
      ids.map((id) => consumers.actedFor(id)),
      ids.map(() => 1),
    )
    assert.ok(
      consumers.sharesOf(ids).every((share) => share > 0),
      String(consumers.sharesOf(ids)),
    )
  })

  test('what fails is tried again', async () => {
    roles.admin.addFault({ verb: 'getJob', effect: { type: 'status', status: 404 } })
    const id = consumers.newInteraction()
    await eventually('it was tried again', () => consumers.actedFor(id) === 1)
    await eventually('somebody said why', () => consumers.failedFor(id))
    await allIsDone()
  })

  test('what a consumer had in its hands when it was killed goes to another', async () => {
    const id = await consumers.interactionInHand()
    assert.equal(await group.lag(), 1)
    await consumers.kill()
    roles.admin.clearFaults()
    await consumers.start()
    await eventually('it is done', () => consumers.actedFor(id) === 1)
    await allIsDone()
  })

  test('what happens while nobody consumes waits in the topic', async () => {
    await consumers.kill()
    const ids = [consumers.newInteraction(), consumers.newInteraction()]
    await eventually('both wait', async () => (await group.lag()) === 2)
    await consumers.start()
    for (const id of ids) await eventually(`somebody has acted for ${id}`, () => consumers.actedFor(id) === 1)
    await allIsDone()
  })
})
