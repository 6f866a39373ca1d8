import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import { sleep, type Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'

interface CertificateFiles {
  /** PEM, with the intermediates behind it. */
  readonly certFile: string
  readonly keyFile: string
}

/** PEM. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

interface Options extends CertificateFiles {
  clock: Clock
  logger: Logger
  metrics: Metrics
}

/**
 * How soon a new certificate is served after its files changed. They are read and compared: events of file systems get
 * lost behind mounted Secrets.
 */
const recheckMs = 10_000

/**
 * The certificate of the public port, read again when its files change. An unusable pair (half of it written, the wrong
 * key) is only logged: the former certificate stays in use.
 */
export class ServingCertificate {
  readonly #options: Options
  readonly #stopping = new AbortController()
  #current: CertificatePair
  #watching: Promise<void> | undefined
  #refused: CertificatePair | undefined

  private constructor(options: Options, current: CertificatePair) {
    this.#options = options
    this.#current = current
    options.metrics.gauge({
      name: 'gwh_receiver_certificate_expiry_timestamp_seconds',
      help: 'When the certificate of the public port expires, in seconds since the epoch.',
      collect: () => Date.parse(new X509Certificate(this.#current.cert).validTo) / 1000,
    })
  }

  /** Rejects, naming the file, where the pair cannot be used: a receiver that cannot serve should not start. */
  static async load(options: Options): Promise<ServingCertificate> {
    const pair = await readPair(options)
    const problem = problemOf(pair, options)
    if (problem !== undefined) throw new Error(`receiver: ${problem}`)
    return new ServingCertificate(options, pair)
  }

  get current(): CertificatePair {
    return this.#current
  }

  /** Calls back with each new pair until `stop`. */
  watch(onChange: (pair: CertificatePair) => void): void {
    this.#watching ??= this.#watch(onChange)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#watching
  }

  async #watch(onChange: (pair: CertificatePair) => void): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      await sleep(this.#options.clock, recheckMs, signal)
      if (signal.aborted) return
      const pair = await this.#readChanged()
      if (pair !== undefined) onChange(pair)
    }
  }

  async #readChanged(): Promise<CertificatePair | undefined> {
    const { logger, certFile } = this.#options
    try {
      const pair = await readPair(this.#options)
      if (isSame(pair, this.#current) || isSame(pair, this.#refused)) return undefined
      const problem = problemOf(pair, this.#options)
      this.#refused = problem === undefined ? undefined : pair
      if (problem !== undefined) {
        logger.error({ problem }, 'certificate.refused')
        return undefined
      }
      this.#current = pair
      logger.info({ certFile, validTo: new X509Certificate(pair.cert).validTo }, 'certificate.changed')
      return pair
    } catch (error) {
      // Secrets are swapped by links: between two reads a file may be gone.
      logger.warn({ certFile, error: error instanceof Error ? error.message : '' }, 'certificate.unreadable')
      return undefined
    }
  }
}

async function readPair({ certFile, keyFile }: CertificateFiles): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')])
  return { cert, key }
}

function isSame(pair: CertificatePair, other: CertificatePair | undefined): boolean {
  return pair.cert === other?.cert && pair.key === other.key
}

function problemOf({ cert, key }: CertificatePair, { certFile, keyFile }: CertificateFiles): string | undefined {
  const certificate = attempt(() => new X509Certificate(cert))
  if (certificate === undefined) return `tlsCert: ${certFile} is not a certificate in PEM; correct the file`
  const privateKey = attempt(() => createPrivateKey(key))
  if (privateKey === undefined) return `tlsKey: ${keyFile} is not an unencrypted private key in PEM; correct the file`
  if (certificate.checkPrivateKey(privateKey)) return undefined
  return `tlsKey: ${keyFile} is not the key of the certificate in ${certFile}; correct one of the files`
}

/** OpenSSL's own message could quote the file. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
