import { Environment } from '@marcbachmann/cel-js'
import type { Duration } from '@marcbachmann/cel-js/evaluator'

/** The largest expression; people could not follow a larger one either. */
export const maxExpressionNodes = 200
const maxExpressionDepth = 32

interface EventFields {
  readonly type: string
  /** Undefined counts as absent in the library, too: has(event.version) is false then. */
  readonly version: string | undefined
  readonly timestamp: string | undefined
  readonly data: ReadonlyMap<string, unknown>
  readonly metadata: ReadonlyMap<string, unknown>
  /** `static` or `dynamic`: by which endpoint it came. */
  readonly mode: string
  /** Since it happened, as of now. */
  readonly age: Duration
}

/** What is known of an event and of its delivery beside what Google sent. */
export interface DeliveryFields {
  readonly id: string
  readonly source: string
  readonly subject: string | undefined
  readonly time: string | undefined
  readonly attempt: bigint
}

/** How an event became a dead letter, under the names that a forwarded CloudEvent has for it. */
export interface DeadLetterFields {
  readonly deadletterreason: string
  readonly deadlettersink: string
  readonly deadletterattempts: bigint
  readonly deadlettercause: string | undefined
  readonly deadletterstatus: bigint | undefined
}

/** What `event` is in an expression. A class, because the library tells types of values by their constructors. */
export class EventView implements EventFields, Partial<DeliveryFields>, Partial<DeadLetterFields> {
  readonly type: string
  readonly version: string | undefined
  readonly timestamp: string | undefined
  readonly data: ReadonlyMap<string, unknown>
  readonly metadata: ReadonlyMap<string, unknown>
  readonly id?: string
  readonly source?: string
  readonly subject?: string | undefined
  readonly time?: string | undefined
  readonly attempt?: bigint
  readonly deadletterreason?: string
  readonly deadlettersink?: string
  readonly deadletterattempts?: bigint
  readonly deadlettercause?: string | undefined
  readonly deadletterstatus?: bigint | undefined
  readonly mode: string
  readonly age: Duration

  constructor(
    { type, version, timestamp, data, metadata, mode, age }: EventFields,
    delivery: Partial<DeliveryFields & DeadLetterFields> = {},
  ) {
    this.type = type
    this.version = version
    this.timestamp = timestamp
    this.data = data
    this.metadata = metadata
    this.mode = mode
    this.age = age
    Object.assign(this, delivery)
  }
}

/** What filters see of an event, with the types of the language. */
export const filterFields: Readonly<Record<string, string>> = {
  type: 'string',
  version: 'string',
  timestamp: 'string',
  data: 'map<string, dyn>',
  metadata: 'map<string, dyn>',
  mode: 'string',
  age: 'google.protobuf.Duration',
} satisfies Record<keyof EventFields, string>

/** What transforms see. */
export const transformFields: Readonly<Record<string, string>> = {
  ...filterFields,
  ...({
    id: 'string',
    source: 'string',
    subject: 'string',
    time: 'string',
    attempt: 'int',
  } satisfies Record<keyof DeliveryFields, string>),
}

/** What transforms of dead letters see. */
export const deadLetterTransformFields: Readonly<Record<string, string>> = {
  ...transformFields,
  ...({
    deadletterreason: 'string',
    deadlettersink: 'string',
    deadletterattempts: 'int',
    deadlettercause: 'string',
    deadletterstatus: 'int',
  } satisfies Record<keyof DeadLetterFields, string>),
}

/**
 * The language with one variable, `event`, whose fields are known, so that a misspelt one is refused when the object is
 * applied.
 */
export function createCelEnvironment(fields: Readonly<Record<string, string>> = filterFields): Environment {
  return new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: maxExpressionNodes, maxDepth: maxExpressionDepth },
  })
    .registerType('Event', { ctor: EventView, fields: { ...fields } })
    .registerVariable('event', 'Event')
}
