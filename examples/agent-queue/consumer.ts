// Takes interactions that wait for the result of a function call. Each goes to one of however many consumers, and
// leaves the queue when that one has acted.
import { GoogleGenAI } from '@google/genai'
import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from '@nats-io/jetstream'
import { connect, nanos } from '@nats-io/transport-node'

const queue = 'AGENT_QUEUE'
const ackWaitSeconds = Number(process.env['ACK_WAIT_SECONDS'] ?? 30)

const gemini = new GoogleGenAI({}) // takes GEMINI_API_KEY from the environment
const connection = await connect({ servers: process.env['NATS_URL'] ?? 'nats://localhost:4222' })
const manager = await jetstreamManager(connection)
await manager.streams.add({ name: queue, subjects: ['gwh.events.*.agents.>'], retention: RetentionPolicy.Workqueue })
const consumer = { durable_name: 'agents', ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitSeconds * 1000) }
await manager.consumers.add(queue, consumer)

/** Called again for the same interaction when it throws or this process ends. */
async function act(id: string): Promise<void> {
  const interaction = await gemini.interactions.get(id)
  // Your tools: run what its function calls ask for, and give the results to an interaction that continues it.
  console.log(`${id}: ${interaction.status}`)
}

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
