import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import type { KeyringEntry } from '../../../../src/contract/keyring/entry.ts'
import { absentApiServer } from '../../doubles/absent-api-server.ts'
import { writeKeyringFolder } from '../../builders/keyring-folder.ts'
import { NatsServer } from '../../processes/nats-server.ts'
import { startReceiverProcess } from '../../processes/receiver-process.ts'
import type { Prepared } from './attack-process.ts'
import type { Target } from './play-beside.ts'

export type Driver = 'sqlite' | 'JetStream'

/** A receiver that an attack may be aimed at, with an inbox, and a NATS server, of its own. */
export async function startAttackedReceiver(
  t: TestContext,
  kind: { program: string; driver: Driver; attack: Prepared; others: readonly KeyringEntry[] },
): Promise<{ target: Target; stop: () => Promise<void> }> {
  const { program, driver, attack, others } = kind
  const { entries, flags = [], inboxMax = '128MiB' } = attack
  const folder = await mkdtemp(join(tmpdir(), 'gwh-neighbours-'))
  await writeFile(join(folder, 'kubeconfig'), absentApiServer)
  await writeKeyringFolder(join(folder, 'keyring'), [...others, ...entries])
  const server = driver === 'JetStream' ? await NatsServer.start() : undefined
  const ofDriver = server === undefined ? [] : ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1']
  const gwh = startReceiverProcess({
    files: { folder, secret: '', path: '' },
    podName: 'gwh-receiver-0',
    flags: [`--data-dir=${folder}`, `--inbox-max=${inboxMax}`, '--shutdown-grace=0s', ...ofDriver, ...flags],
    program,
    logName: 'neighbours',
  })
  const stop = async () => {
    await gwh.kill()
    await server?.dispose()
    await rm(folder, { recursive: true, force: true })
  }
  t.after(stop)
  const { port, healthPort } = await gwh.logged('receiver.started')
  assert.ok(typeof port === 'number' && typeof healthPort === 'number')
  return { target: { port, healthPort }, stop }
}
