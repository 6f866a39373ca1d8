/** What a span says about itself, by the names of the semantic conventions of OpenTelemetry, or `gwh.` of our own. */
type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface SpanStart {
  /** Of few values: it says what is done, never to what. */
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer'
  /** The span that it belongs to, as text. Absent, or unreadable: it begins a trace. */
  readonly parent?: string | undefined
  /** Of a trace that it begins: 32 hex digits, so that whoever knows the event knows its trace. */
  readonly traceId: string
  readonly attributes: SpanAttributes
  /** When it began, on the monotonic clock of the process in milliseconds; absent: now. */
  readonly startedMs?: number
}

export interface SpanEnd {
  readonly attributes?: SpanAttributes
  /** Why it failed: a word of a closed list, or the status of an answer. Never text from outside. */
  readonly failure?: string | undefined
}

/** Something that is under way. Costs little where its trace is not sampled. */
export interface Span {
  /** It, as text: stored with an event, sent to a sink, or the parent of another span. */
  readonly trace: string
  /** Only the first call counts. */
  end(end?: SpanEnd): void
}

/**
 * Where traces are kept. No call blocks, waits or throws, and nothing depends on whether a span arrives anywhere.
 */
export interface Tracing {
  readonly start: (span: SpanStart) => Span
  /**
   * Headers of a request as text, to be the parent of its spans. Strict: undefined where they are not W3C Trace
   * Context. They are not signed, so call it for requests whose signature held, and no others.
   */
  readonly parentIn: (headers: Readonly<Record<string, string | string[] | undefined>>) => string | undefined
  /** Sends what is left, for seconds at most, and ends. Never rejects. */
  stop(): Promise<void>
}
