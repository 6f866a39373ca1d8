import { readFileSync } from 'node:fs'

import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node'

import type { Logger } from '../observability/logger.ts'

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
/** A connection whose other end is gone silently is noticed after three of these. */
const pingIntervalMs = 10_000
const maxPingsOut = 2

/**
 * Connects, and keeps reconnecting for ever. Rejects when no server answers now; the error names neither servers nor
 * credentials.
 */
export function connectToNats({ urls, credentialsFile, caFile }: NatsAccess, name: string): Promise<NatsConnection> {
  const isEncrypted = urls.some((url) => url.startsWith('tls://')) || caFile !== undefined
  return connect({
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
}

/** Callbacks about the state of a connection. */
export interface ConnectionListener {
  onChange: (isConnected: boolean) => void
  /** What the server said out of band, a refused publish for example. */
  onError?: (error: Error) => void
}

/** Reports the state of the connection to the log and the listener until it is closed. `name` begins the log lines. */
export async function watchConnection(
  connection: NatsConnection,
  { name, logger }: { name: 'inbox' | 'nats_sink'; logger: Logger },
  { onChange, onError }: ConnectionListener,
): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') {
      onChange(false)
      logger.warn({ server: status.server }, `${name}.disconnected`)
    } else if (status.type === 'reconnect') {
      onChange(true)
      logger.info({ server: status.server }, `${name}.reconnected`)
    } else if (status.type === 'error') {
      logger.error({ error: status.error.message }, `${name}.server_error`)
      onError?.(status.error)
    }
  }
}
