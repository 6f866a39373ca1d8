// Takes interactions that wait for the result of a function call from a Kafka topic. Consumers share its partitions,
// and an item counts as done when its offset is committed: after one has acted.
import { setTimeout } from 'node:timers/promises'

import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'

import { act } from './act.ts'

const brokers = process.env['KAFKA_BROKERS'] ?? 'localhost:9092'
const topic = process.env['KAFKA_TOPIC'] ?? 'gwh.events.default.agents.interaction_requires_action'
const sessionTimeout = Number(process.env['SESSION_TIMEOUT_SECONDS'] ?? 30) * 1000

const consumer = new Consumer({
  groupId: 'agents',
  clientId: 'agent-queue',
  bootstrapBrokers: brokers.split(','),
  deserializers: stringDeserializers,
  sessionTimeout,
  heartbeatInterval: sessionTimeout / 10,
})
const { COMMITTED } = MessagesStreamModes
const { EARLIEST } = MessagesStreamFallbackModes
const items = await consumer.consume({ topics: [topic], mode: COMMITTED, fallbackMode: EARLIEST, autocommit: false })

async function hasActed(id: string): Promise<boolean> {
  try {
    await act(id)
    return true
  } catch (error) {
    console.error(`${id}: later:`, error instanceof Error ? error.message : error)
    return false
  }
}

console.log('taking interactions')
for await (const item of items) {
  const id = item.headers.get('ce_subject') ?? ''
  // Kafka has no way to give an item back: those behind it in its partition wait until it is done.
  while (!(await hasActed(id))) await setTimeout(1000)
  await item.commit()
}
