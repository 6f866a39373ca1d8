import type { IncomingMessage, ServerResponse } from 'node:http'

import type { KeptAs } from '../contract/kept-as.ts'
import type { Endpoint } from './endpoint.ts'

/** One request on its way to its answer. Filled in phase by phase; read once, when the exchange ends. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path as a template: never the path itself, which may carry a token. */
  readonly route: string
  readonly startedMs: number
  endpoint?: Endpoint
  /** Only of a delivery whose signature held: any other value is unverified text. */
  eventId?: string
  keyId?: string
  /** Of a verified delivery of the backfill that is kept: its sender is told. */
  keptAs?: KeptAs
  bodyBytes?: number
  /** When its body was complete, by the clock of `startedMs`. */
  bodyReadMs?: number
  /** How far the sender's timestamp was ahead of our clock. */
  skewSeconds?: number
  /** What was thrown, when something was: for the log. */
  fault?: unknown
}
