import { readOrphans, type Orphan } from './orphan-record.ts'

/**
 * A ConfigMap holds 1 MiB; the rest is for the next records, so that no record is ever refused because of earlier ones.
 */
const maxOrphanBytes = 900 * 1024

/**
 * The records to drop when there are too many: always the oldest of the namespace that has most, so that one that
 * leaves thousands behind takes no room from the others. `data` is the ConfigMap's. Pure.
 */
export function recordsToDrop(
  data: Readonly<Record<string, string>> | undefined,
  maxBytes: number = maxOrphanBytes,
): Orphan[] {
  const lines = Map.groupBy(readOrphans(data), ({ record }) => record?.namespace ?? '')
  const bytes = new Map([...lines].map(([namespace, orphans]) => [namespace, sum(orphans)]))
  const dropped: Orphan[] = []
  let total = [...bytes.values()].reduce((a, b) => a + b, 0)
  while (total > maxBytes) {
    const [heaviest] = [...bytes].reduce((a, b) => (b[1] > a[1] ? b : a))
    const oldest = lines.get(heaviest)?.shift()
    if (oldest === undefined) break
    dropped.push(oldest)
    total -= sizeOf(oldest)
    bytes.set(heaviest, (bytes.get(heaviest) ?? 0) - sizeOf(oldest))
  }
  return dropped
}

function sum(orphans: readonly Orphan[]): number {
  return orphans.reduce((bytes, orphan) => bytes + sizeOf(orphan), 0)
}

function sizeOf({ key, text }: Orphan): number {
  return Buffer.byteLength(key) + Buffer.byteLength(text)
}
