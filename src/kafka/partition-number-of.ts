import { compatibilityPartitioner } from '@platformatic/kafka'

/**
 * The number that Kafka's own clients make of a key; modulo the number of partitions, it is the partition that the
 * record goes to. The default of this library would choose others for half of all keys.
 */
export function partitionNumberOf(key: Buffer): number {
  return compatibilityPartitioner({ topic: '', value: key }, key)
}
