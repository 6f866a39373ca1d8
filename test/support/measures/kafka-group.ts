import { Admin, ListOffsetTimestamps } from '@platformatic/kafka'

/** A consumer group of one topic, made with this many partitions, as its broker sees it. */
export class KafkaGroup implements AsyncDisposable {
  readonly #admin: Admin
  readonly #topic: string
  readonly #group: string
  readonly #partitions: readonly number[]

  private constructor(
    admin: Admin,
    { topic, group, partitions }: { topic: string; group: string; partitions: number },
  ) {
    this.#admin = admin
    this.#topic = topic
    this.#group = group
    this.#partitions = Array.from({ length: partitions }, (_, partition) => partition)
  }

  /** Creates the topic. */
  static async ofNewTopic(
    broker: string,
    of: { topic: string; group: string; partitions: number },
  ): Promise<KafkaGroup> {
    const admin = new Admin({ clientId: 'test-group', bootstrapBrokers: [broker] })
    await admin.createTopics({ topics: [of.topic], partitions: of.partitions, replicas: 1 })
    return new KafkaGroup(admin, of)
  }

  /** How many records nobody has committed. */
  async lag(): Promise<number> {
    const partitions = this.#partitions.map((partitionIndex) => ({
      partitionIndex,
      timestamp: ListOffsetTimestamps.LATEST,
    }))
    const ends = await this.#admin.listOffsets({ topics: [{ name: this.#topic, partitions }] })
    const groups = await this.#admin.listConsumerGroupOffsets({ groups: [this.#group] })
    const committed = groups.flatMap(({ topics }) => topics).find(({ name }) => name === this.#topic)
    return (
      sum(ends.flatMap((topic) => topic.partitions.map(({ offset }) => offset))) -
      sum((committed?.partitions ?? []).map(({ committedOffset }) => (committedOffset < 0n ? 0n : committedOffset)))
    )
  }

  /** How many members share the partitions; 0 as they are shared out, when what one has in hand may go to another. */
  async members(): Promise<number> {
    const group = (await this.#admin.describeGroups({ groups: [this.#group] })).get(this.#group)
    return group?.state === 'Stable' ? group.members.size : 0
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#admin.close()
  }
}

function sum(offsets: readonly bigint[]): number {
  return Number(offsets.reduce((all, offset) => all + offset, 0n))
}
