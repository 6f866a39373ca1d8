import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { keyIdOf } from '../../../src/contract/keyring/shard.ts'
import { absentApiServer } from '../doubles/absent-api-server.ts'
import { GwhProcess } from './gwh-process.ts'
import { aKeyringEntry, writeKeyringFolder } from '../builders/keyring-folder.ts'
import { recordSecret } from '../measures/run-record.ts'

/** The files that receivers of one installation share: a keyring with the one webhook `ml/batch-events`. */
export interface ReceiverFiles {
  readonly folder: string
  readonly secret: string
  readonly path: string
}

export async function receiverFiles(
  t: TestContext,
  sinkUrl: string,
  format: ResolvedSink['format'] = 'CloudEventBinary',
): Promise<ReceiverFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-receiver-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  recordSecret(secret)
  const secrets = [{ keyId: keyIdOf(secret), secret }]
  await writeFile(join(folder, 'kubeconfig'), absentApiServer)
  const entry = aKeyringEntry({ uid: randomUUID(), namespace: 'ml', name: 'batch-events', secrets, sinkUrl })
  const sinks = entry.sinks.map((sink) => ({ ...sink, format }))
  await writeKeyringFolder(join(folder, 'keyring'), [{ ...entry, sinks }])
  return { folder, secret, path: '/v1/s/ml/batch-events' }
}

export interface ReceiverProcessOptions {
  readonly files: ReceiverFiles
  readonly podName: string
  /** Which inbox, and more. */
  readonly flags: readonly string[]
  /** The built program; absent: the sources. */
  readonly program?: string
  readonly logName: string
}

/** A receiver as a process of its own, on ports of its own choice, which it logs. */
export function startReceiverProcess({ files, podName, flags, program, logName }: ReceiverProcessOptions): GwhProcess {
  return new GwhProcess(
    [
      'receiver',
      `--kubeconfig=${join(files.folder, 'kubeconfig')}`,
      '--namespace=gemini-webhook-system',
      `--pod-name=${podName}`,
      '--host=127.0.0.1',
      '--port=0',
      '--health-host=127.0.0.1',
      '--health-port=0',
      '--admin-port=0',
      `--keyring-dir=${join(files.folder, 'keyring')}`,
      '--allow-loopback-sinks',
      '--drain=0s',
      ...flags,
    ],
    logName,
    program,
  )
}
