import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { keyringEntrySchema, type KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { allKeyringSecretNames, keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'

/** A keyring entry with one http sink that is tried again quickly and for long. */
export function aKeyringEntry(
  given: Pick<KeyringEntry, 'uid' | 'namespace' | 'name' | 'secrets'> & { sinkUrl: string },
) {
  const { sinkUrl, ...identity } = given
  return keyringEntrySchema.parse({
    ...identity,
    sinks: [
      {
        name: 'worker',
        destination: { type: 'http', url: sinkUrl, reach: 'cluster' },
        format: 'CloudEventBinary',
        headers: {},
        delivery: {
          timeoutMs: 5_000,
          retry: 1000,
          retryForMs: 3_600_000,
          backoffPolicy: 'Exponential',
          backoffDelayMs: 50,
          backoffMaxMs: 500,
          retryAfterMaxMs: 1_000,
          maxInFlight: 64,
        },
      },
    ],
  })
}

/** Lays keyring Secrets out as a pod sees them mounted: a directory for each Secret, a file for each key. */
export async function writeKeyringFolder(folder: string, entries: readonly KeyringEntry[]): Promise<void> {
  for (const name of allKeyringSecretNames()) await mkdir(join(folder, name), { recursive: true })
  for (const entry of entries) {
    await writeFile(join(folder, keyringSecretNameFor(entry.uid), entry.uid), JSON.stringify(entry))
  }
}
