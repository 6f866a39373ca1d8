import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { allKeyringSecretNames, keyringSecretNameFor } from '../../../src/contract/keyring/shard.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { EndpointDirectory } from '../../../src/receiver/endpoint-directory.ts'
import { loadKeyringFiles } from '../../../src/receiver/load-keyring-files.ts'
import { aKeyringEntry } from '../../support/worlds/receiver-fixture.ts'

let folder: string
before(async () => (folder = await mkdtemp(join(tmpdir(), 'gwh-keyring-'))))
after(() => rm(folder, { recursive: true }))

/** As the kubelet does it: the keys are links into a dated folder behind `..data`. */
async function mountSecret(name: string, data: Record<string, string>): Promise<void> {
  const dated = join(folder, name, '..2026_11_21')
  await mkdir(dated, { recursive: true })
  await symlink('..2026_11_21', join(folder, name, '..data'))
  for (const [key, value] of Object.entries(data)) {
    await writeFile(join(dated, key), value)
    await symlink(join('..data', key), join(folder, name, key))
  }
}

test('a receiver without an API server boots from mounted keyring Secrets', async () => {
  const directory = new EndpointDirectory()
  await loadKeyringFiles(folder, directory, silentLogger)
  assert.equal(directory.isLoaded, false, 'nothing is mounted yet')

  const shard = keyringSecretNameFor('uid-1')
  await mountSecret(shard, { 'uid-1': JSON.stringify(aKeyringEntry()), 'uid-bad': '{' })
  await loadKeyringFiles(folder, directory, silentLogger)
  assert.equal(directory.lookup('ml', 'batch-events')?.keys.length, 1)
  assert.deepEqual([directory.isLoaded, directory.isSynced], [true, false], 'missing folders say nothing')

  for (const name of allKeyringSecretNames()) if (name !== shard) await mountSecret(name, {})
  await loadKeyringFiles(folder, directory, silentLogger)
  assert.equal(directory.isSynced, false, 'a mount lags behind: what is not in it may exist all the same')
})

/** A uid whose entry stands in another keyring Secret than this. */
function uidOutside(shard: string): string {
  const uids = Array.from({ length: 100 }, (_, n) => `uid-${n}`)
  return uids.find((uid) => keyringSecretNameFor(uid) !== shard) ?? ''
}

test('a shard that cannot be read is logged and left unknown, and the others are read', async () => {
  const broken = await mkdtemp(join(tmpdir(), 'gwh-keyring-'))
  const [first = ''] = allKeyringSecretNames()
  await writeFile(join(broken, first), 'a file where a folder should be')
  const entry = aKeyringEntry({ uid: uidOutside(first) })
  const readable = join(broken, keyringSecretNameFor(entry.uid))
  await mkdir(readable)
  await writeFile(join(readable, entry.uid), JSON.stringify(entry))
  const directory = new EndpointDirectory()
  const warned: unknown[] = []
  const logger = {
    ...silentLogger,
    warn: (details: Readonly<Record<string, unknown>>) => void warned.push(details.shard),
  }
  await loadKeyringFiles(broken, directory, logger)
  assert.deepEqual(warned, [first])
  assert.deepEqual([directory.isLoaded, directory.isSynced], [true, false])
  await rm(broken, { recursive: true })
})
