/** How one Kafka cluster is reached. Files are read when a connection is made, so that renewed ones are used. */
export interface KafkaAccess {
  /** `HOST:PORT`; the other brokers of the cluster are learned from them. */
  readonly brokers: readonly string[]
  /** Absent: connections are not encrypted. */
  readonly tls?: {
    /** PEM; instead of the system's authorities. */
    readonly caFile?: string
    readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string }
  }
  readonly sasl?: {
    readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
    readonly user: string
    readonly passwordFile: string
  }
}
