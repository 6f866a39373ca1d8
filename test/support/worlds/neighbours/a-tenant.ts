import { randomBytes, randomUUID } from 'node:crypto'

import type { KeyringEntry, ResolvedSink } from '../../../../src/contract/keyring/entry.ts'
import { keyIdOf } from '../../../../src/contract/keyring/shard.ts'
import { signatureHeader } from '../../../../src/signature/sign.ts'
import { decodeSigningSecret } from '../../../../src/signature/signing-secret.ts'
import { aKeyringEntry } from '../../builders/keyring-folder.ts'
import { recordSecret } from '../../measures/run-record.ts'

/** One object of one namespace, and what its sender needs. */
export interface Tenant {
  readonly path: string
  readonly entry: KeyringEntry
  /** A delivery of its own, as Google would send it now. */
  sign(body: string, id?: string): { id: string; headers: Record<string, string>; body: Buffer }
}

/** `sinks`: each as far as it differs from one that is tried again quickly and for long. */
export function aTenant(
  namespace: string,
  name: string,
  sinks: readonly (Pick<ResolvedSink, 'name'> & { url: string } & Pick<Partial<ResolvedSink>, 'filter' | 'delivery'>)[],
): Tenant {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  recordSecret(secret)
  const decoded = decodeSigningSecret(secret)
  if (!decoded.ok) throw new Error(`the test's signing secret ${decoded.problem}`)
  const { value: key } = decoded
  const secrets = [{ keyId: keyIdOf(secret), secret }]
  const plain = aKeyringEntry({ uid: randomUUID(), namespace, name, secrets, sinkUrl: 'http://127.0.0.1:9/' })
  const [worker] = plain.sinks
  if (worker === undefined) throw new Error('a keyring entry of the tests has a sink')
  const own = sinks.map(({ url, ...given }) => ({
    ...worker,
    ...given,
    destination: { type: 'http', url, reach: 'cluster' } as const,
  }))
  return {
    path: `/v1/s/${namespace}/${name}`,
    entry: { ...plain, sinks: own },
    sign(text, id = `msg_${randomUUID()}`) {
      const body = Buffer.from(text)
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = signatureHeader({ id, timestamp }, body, [key])
      const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
      return { id, headers: { 'content-type': 'application/json', ...signed }, body }
    },
  }
}

export function anEventBody(data: object = { id: 'batches/1' }): string {
  return JSON.stringify({ type: 'batch.succeeded', version: 'v1', timestamp: new Date().toISOString(), data })
}
