import { Environment } from '@marcbachmann/cel-js'

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
}

/** What `event` is in an expression. A class, because the library tells types of values by their constructors. */
export class EventView implements EventFields {
  readonly type: string
  readonly version: string | undefined
  readonly timestamp: string | undefined
  readonly data: ReadonlyMap<string, unknown>
  readonly metadata: ReadonlyMap<string, unknown>

  constructor({ type, version, timestamp, data, metadata }: EventFields) {
    this.type = type
    this.version = version
    this.timestamp = timestamp
    this.data = data
    this.metadata = metadata
  }
}

const eventFields: Readonly<Record<keyof EventFields, string>> = {
  type: 'string',
  version: 'string',
  timestamp: 'string',
  data: 'map<string, dyn>',
  metadata: 'map<string, dyn>',
}

export const eventFieldNames: readonly string[] = Object.keys(eventFields)

/**
 * The language as filters have it: one variable, `event`, whose fields are known, so that a misspelt one is refused
 * when the object is applied.
 */
export function createCelEnvironment(): Environment {
  return new Environment({
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: maxExpressionNodes, maxDepth: maxExpressionDepth },
  })
    .registerType('Event', { ctor: EventView, fields: { ...eventFields } })
    .registerVariable('event', 'Event')
}
