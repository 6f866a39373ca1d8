import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'

import { Producer, type SASLOptions } from '@platformatic/kafka'

import type { KafkaAccess } from './kafka-access.ts'

const connectTimeoutMs = 5_000
/** How long a broker waits for the copies of a record before it answers that there are too few. */
const acknowledgeTimeoutMs = 10_000
/** Of one request; longer than the broker waits for the copies. */
const requestTimeoutMs = 15_000
/**
 * Repetitions within one send, which the broker folds by their number; later ones are those of the dispatcher. With one
 * or none the library would take it as for ever.
 */
const retries = 2
const retryDelayMs = 100

/**
 * A producer that repeats without duplicates and waits for all copies. It connects at its first send. One send at a
 * time: after a failed one the library numbers anew, and numbers of two sends that were under way together could then
 * be taken for repetitions of each other, which loses an event. Rejects when a file of `access` cannot be read.
 */
export async function openProducer({ brokers, tls, sasl }: KafkaAccess): Promise<Producer> {
  return new Producer({
    clientId: 'gwh-sinks',
    bootstrapBrokers: [...brokers],
    idempotent: true,
    // Whether a topic that is missing is made is for the broker to decide.
    autocreateTopics: true,
    connectTimeout: connectTimeoutMs,
    timeout: acknowledgeTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retries,
    retryDelay: retryDelayMs,
    ...(tls !== undefined && { tls: await readTls(tls), tlsServerName: brokers.every(hasName) }),
    ...(sasl !== undefined && { sasl: await readSasl(sasl) }),
  })
}

/** An address is no server name: TLS has none then. */
function hasName(broker: string): boolean {
  return isIP(broker.replace(/:[0-9]+$/, '').replace(/^\[(.*)\]$/, '$1')) === 0
}

async function readTls({ caFile, clientCertificate }: NonNullable<KafkaAccess['tls']>): Promise<ConnectionOptions> {
  return {
    ...(caFile !== undefined && { ca: await readFile(caFile) }),
    ...(clientCertificate !== undefined && {
      cert: await readFile(clientCertificate.certFile),
      key: await readFile(clientCertificate.keyFile),
    }),
  }
}

/** Files that people make often end in a newline, which no password does. */
async function readSasl({ mechanism, user, passwordFile }: NonNullable<KafkaAccess['sasl']>): Promise<SASLOptions> {
  const password = await readFile(passwordFile, 'utf8')
  return { mechanism, username: user, password: password.replace(/\r?\n$/, '') }
}
