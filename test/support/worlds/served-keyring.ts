import type { KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { operatorNamespace, type OperatorWorld } from './operator-world.ts'

/** The keyring Secrets of a world without a controller, as one would write them. */
export class ServedKeyring {
  readonly #world: Pick<OperatorWorld, 'client'>
  readonly #names = new Set<string>()

  constructor(world: Pick<OperatorWorld, 'client'>) {
    this.#world = world
  }

  /** Puts entries in, or in the place of those with their uids. */
  async put(...entries: readonly KeyringEntry[]): Promise<void> {
    for (const entry of entries) await this.#write(entry.uid, Buffer.from(JSON.stringify(entry)).toString('base64'))
  }

  async remove(uid: string): Promise<void> {
    await this.#write(uid, null)
  }

  async #write(uid: string, value: string | null): Promise<void> {
    const { client } = this.#world
    const metadata = { namespace: operatorNamespace, name: keyringSecretNameFor(uid) }
    if (!this.#names.has(metadata.name)) {
      this.#names.add(metadata.name)
      await client.create<Secret>(secretKind, { apiVersion: 'v1', kind: 'Secret', metadata, data: {} })
    }
    await client.patch<Secret>(secretKind, metadata, { data: { [uid]: value } }, { type: 'merge' })
  }
}
