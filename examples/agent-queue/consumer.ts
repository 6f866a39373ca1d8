// Takes interactions that wait for the result of a function call from a work queue of NATS JetStream. Each goes to one
// of however many consumers, and leaves the queue when that one has acted.
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'

import { act } from './act.ts'

const queue = 'AGENT_QUEUE'
const ackWaitSeconds = Number(process.env['ACK_WAIT_SECONDS'] ?? 30)

const connection = await connect({ servers: process.env['NATS_URL'] ?? 'nats://localhost:4222' })
const manager = await jetstreamManager(connection)
await manager.streams.add({ name: queue, subjects: ['gwh.events.*.agents.>'], retention: RetentionPolicy.Workqueue })
const consumer = { durable_name: 'agents', ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitSeconds * 1000) }
await manager.consumers.add(queue, consumer)

const items = await (await jetstream(connection).consumers.get(queue, 'agents')).consume({ max_messages: 1 })
console.log('taking interactions')
for await (const item of items) {
  const id = decodeURIComponent(item.headers?.get('ce-subject') ?? '')
  try {
    await act(id)
    await item.ackAck()
  } catch (error) {
    console.error(`${id}: later:`, error instanceof Error ? error.message : error)
    item.nak(1_000)
  }
}
