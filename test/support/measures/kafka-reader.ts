import { randomUUID } from 'node:crypto'

import { Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'

/** A record as its reader sees it. */
export interface ReadRecord {
  readonly topic: string
  readonly key: string | undefined
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
  readonly partition: number
}

/** Reads these topics from their beginning, as a consumer of its own group does, into the list that is returned. */
export async function readTopics(
  broker: string,
  topics: readonly string[],
  parts: { after: (end: () => Promise<unknown>) => void },
): Promise<readonly ReadRecord[]> {
  const consumer = new Consumer({
    groupId: randomUUID(),
    clientId: 'test-reader',
    bootstrapBrokers: [broker],
    deserializers: stringDeserializers,
    autocreateTopics: true,
    retries: true,
    retryDelay: 100,
  })
  const stream = await consumer.consume({
    topics: [...topics],
    mode: MessagesStreamModes.EARLIEST,
    maxWaitTime: 100,
    autocommit: false,
  })
  parts.after(async () => consumer.close(true))
  const records: ReadRecord[] = []
  stream.on('data', ({ topic, key, value, headers, partition }) => {
    records.push({ topic, key: key || undefined, value, headers: Object.fromEntries(headers), partition })
  })
  return records
}
