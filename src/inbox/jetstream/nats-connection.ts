import { readFileSync } from 'node:fs'

import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'

import type { Logger } from '../../observability/logger.ts'

export interface NatsAccess {
  /** `nats://host:4222` or `tls://host:4222`; several: servers of one cluster. */
  urls: readonly string[]
  /** A credentials file (JWT and seed), read again at every connect, so that a renewed one is used. */
  credentialsFile?: string
  /** Certificate authorities that sign the servers' certificates, instead of the system's. */
  caFile?: string
}

const connectTimeoutMs = 5_000
const reconnectWaitMs = 250
/** A connection whose other end is gone without a word is noticed after three of these. */
const pingIntervalMs = 10_000
const maxPingsOut = 2

/** Connects, and keeps reconnecting for ever. Rejects when no server answers now. */
export async function connectToNats(access: NatsAccess, name: string): Promise<NatsConnection> {
  const { urls, credentialsFile, caFile } = access
  const isEncrypted = urls.some((url) => url.startsWith('tls://')) || caFile !== undefined
  try {
    return await connect({
      servers: [...urls],
      name,
      timeout: connectTimeoutMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: reconnectWaitMs,
      pingInterval: pingIntervalMs,
      maxPingOut: maxPingsOut,
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
      ...(isEncrypted && { tls: caFile === undefined ? {} : { caFile } }),
      ...(credentialsFile !== undefined && {
        authenticator: (nonce?: string) => credsAuthenticator(readFileSync(credentialsFile))(nonce),
      }),
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`inbox: no connection to NATS at ${urls.join(', ')}: ${why}; check --nats-url and the server`, {
      cause: error,
    })
  }
}

/** Tells the log and `onChange` about the connection until it is closed. */
export async function watchConnection(
  connection: NatsConnection,
  logger: Logger,
  onChange: (isConnected: boolean) => void,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') {
      onChange(false)
      logger.warn({ server: status.server }, 'inbox.disconnected')
    } else if (status.type === 'reconnect') {
      onChange(true)
      logger.info({ server: status.server }, 'inbox.reconnected')
    } else if (status.type === 'error') {
      logger.error({ error: status.error.message }, 'inbox.server_error')
    }
  }
}
