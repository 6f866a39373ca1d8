import { eventLimits } from './event-limits.ts'

/**
 * Upper bounds of a value and of everything inside it. `text` and `weight` are for the average visit of its place: what
 * a loop goes over is no more, all together, than the list that it comes from. So they may be multiplied with the
 * number of visits and with what is the same for all of these, but not with each other: for that there is `longest`.
 */
export interface Extent {
  /** Elements of any list, or keys of any map, at any visit. */
  readonly items: number
  /** Characters of all strings together. */
  readonly text: number
  /** Characters of any one string, at any visit. */
  readonly longest: number
  /** What comparing it with its equal costs, in units. */
  readonly weight: number
  /** It is a text or nothing: whatever makes it fails on everything else. */
  readonly isText?: true
}

export const scalar: Extent = { items: 0, text: 64, longest: 64, weight: 1 }

/** A text of so many characters at most. */
export function asText(characters: number): Extent {
  return { items: 0, text: characters, longest: characters, weight: 1 + characters / 64, isText: true }
}

/** Anything that comes out of an event. */
export const fromEvent: Extent = {
  items: eventLimits.items,
  text: eventLimits.bodyBytes,
  longest: eventLimits.bodyBytes,
  weight: eventLimits.values + eventLimits.bodyBytes / 64,
}

/** An element of the list, or a key of the map, as a loop over it sees it. */
export function elementOf({ items, text, longest, weight }: Extent): Extent {
  const visits = Math.max(1, items)
  return { items, text: text / visits, longest, weight: weight / visits }
}

export interface CallCost {
  readonly units: number
  readonly extent: Extent
}

/** `on`: what the function is called on, or its first argument. */
export type CostRule = (on: Extent, argument: Extent, argumentCount: number) => CallCost

const toScalar: CostRule = (on) => ({ units: on.text / 64, extent: scalar })
const sameText: CostRule = (on) => ({ units: on.text / 64, extent: { ...on, items: 0, isText: true } })
const compareEnd: CostRule = (_, argument) => ({ units: argument.text / 64, extent: scalar })
/** At worst every place of the text is compared with all of what is searched. */
const search: CostRule = (on, argument) => ({
  units: on.text / 64 + Math.min(on.text * argument.longest, on.longest * argument.text) / 4096,
  extent: scalar,
})
/** With a time zone each call builds a calendar, which takes as long as hundreds of other steps. */
const timePart: CostRule = (_on, _argument, count) => ({ units: count > 0 ? 500 : 5, extent: scalar })

const timeParts = ['Date', 'DayOfMonth', 'DayOfWeek', 'DayOfYear', 'FullYear', 'Hours', 'Milliseconds']
const moreTimeParts = ['Minutes', 'Month', 'Seconds']

/**
 * The functions that a filter may call on a value; a transform may call more. A list of what is allowed, because an
 * update of the library may bring others: `matches` takes a regular expression that can run for hours on thirty
 * characters, `join` and `split` turn small values into huge ones, and so does `cel.bind`.
 */
export const methodCosts: ReadonlyMap<string, CostRule> = new Map<string, CostRule>([
  ['startsWith', compareEnd],
  ['endsWith', compareEnd],
  ['contains', search],
  ['indexOf', search],
  ['lastIndexOf', search],
  ['lowerAscii', sameText],
  ['upperAscii', sameText],
  ['trim', sameText],
  ['substring', sameText],
  ['size', toScalar],
  ...[...timeParts, ...moreTimeParts].map((part): [string, CostRule] => [`get${part}`, timePart]),
])

/** The functions that stand alone. */
export const functionCosts: ReadonlyMap<string, CostRule> = new Map<string, CostRule>([
  ['size', toScalar],
  ['int', toScalar],
  ['uint', toScalar],
  ['double', toScalar],
  ['bool', toScalar],
  ['timestamp', toScalar],
  ['duration', toScalar],
  ['type', () => ({ units: 1, extent: scalar })],
  ['dyn', (on) => ({ units: 1, extent: on })],
  ['string', sameText],
])

/** Macros that visit every element of a list. */
export const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
