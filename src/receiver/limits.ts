/**
 * What the public port allows. It faces the internet: every number here bounds what a stranger can make the receiver
 * hold, wait for or do.
 */
export interface ReceiverLimits {
  /** Largest body. The specification says below 20 kB; this leaves room and still ends a flood early. */
  maxBodyBytes: number
  /**
   * Body bytes held at once by the whole process, from the first byte read until the event is stored: many slow uploads
   * must not fill the memory.
   */
  maxHeldBodyBytes: number
  /** Request line and headers together; ours need less than 1 KiB, proxies add theirs. */
  maxHeaderBytes: number
  /**
   * Longest path parameter that the router looks at: a namespace has 63 characters, a name 253, percent-encoding may
   * lengthen them.
   */
  maxParamLength: number
  /** A client that has not sent its headers by then is not a sender. */
  headersTimeoutMs: number
  /** Headers and body together. */
  requestTimeoutMs: number
  /** How often the two timeouts are looked at. Node's default of 30 s turns "10 s" into anything up to 40. */
  connectionsCheckingIntervalMs: number
  /**
   * For connections that have carried an authentic delivery, or come from a trusted proxy. Longer than the 600 s for
   * which cloud load balancers keep backend connections: the side that closes first must be the load balancer, which
   * knows that it has sent no request.
   */
  keepAliveTimeoutMs: number
  /** For all others: a connection that has carried no delivery does not keep a place for long. */
  strangersKeepAliveTimeoutMs: number
  /** Open connections; each costs some 20 KB. Above it, one is closed for a new one, strangers first. */
  maxConnections: number
  /** A commit that takes longer is answered 503: the sender waits only a few seconds. */
  appendTimeoutMs: number
  /**
   * Public-key checks at the same time, in the process and for one endpoint: each takes a share of a core, and
   * strangers can ask for them once they know a token.
   */
  maxPublicKeyChecks: number
  maxPublicKeyChecksPerEndpoint: number
  /** Checks of one endpoint that may fail within a minute. */
  maxFailedChecksPerMinute: number
  /**
   * How long to continue serving after the stop signal: load balancers need that long to notice that the receiver is
   * not ready.
   */
  drainMs: number
}

export const defaultLimits: ReceiverLimits = {
  maxBodyBytes: 256 * 1024,
  maxHeldBodyBytes: 64 * 1024 * 1024,
  maxHeaderBytes: 16 * 1024,
  maxParamLength: 300,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  connectionsCheckingIntervalMs: 1_000,
  keepAliveTimeoutMs: 620_000,
  strangersKeepAliveTimeoutMs: 5_000,
  maxConnections: 4_096,
  appendTimeoutMs: 3_000,
  maxPublicKeyChecks: 64,
  maxPublicKeyChecksPerEndpoint: 16,
  maxFailedChecksPerMinute: 120,
  drainMs: 15_000,
}
