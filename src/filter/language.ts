import type { Environment } from '@marcbachmann/cel-js'

import { createCelEnvironment, deadLetterTransformFields, filterFields, transformFields } from './cel-environment.ts'
import { asText, fromEvent, functionCosts, methodCosts, scalar, type CostRule, type Extent } from './function-costs.ts'
import { registerTransformFunctions, transformFunctionCosts, transformMethodCosts } from './transform-functions.ts'

/** What expressions of one use may name, and what that costs. */
export interface Language {
  /** As messages call those who use it. */
  readonly users: 'filters' | 'transforms'
  createEnvironment(): Environment
  /** How big each field of an event can be. */
  readonly fields: ReadonlyMap<string, Extent>
  readonly functions: ReadonlyMap<string, CostRule>
  readonly methods: ReadonlyMap<string, CostRule>
}

const extentsOf = (fields: Readonly<Record<string, string>>) =>
  Object.keys(fields).map((name): [string, Extent] => [name, fromEvent])

export const filterLanguage: Language = {
  users: 'filters',
  createEnvironment: () => createCelEnvironment(),
  fields: new Map(extentsOf(filterFields)),
  functions: functionCosts,
  methods: methodCosts,
}

/** Whoever reads an event cuts these: the id in the headers, the others in the body. */
const fieldExtents: readonly [string, Extent][] = [
  ['type', asText(256)],
  ['id', asText(256)],
  ['source', asText(512)],
  ['subject', asText(1_024)],
  ['time', asText(256)],
  ['attempt', scalar],
]

export const transformLanguage: Language = {
  users: 'transforms',
  createEnvironment: () => registerTransformFunctions(createCelEnvironment(transformFields)),
  fields: new Map([...extentsOf(transformFields), ...fieldExtents]),
  functions: new Map([...functionCosts, ...transformFunctionCosts]),
  methods: new Map([...methodCosts, ...transformMethodCosts]),
}

/** These are ours: words of closed lists, the name of a sink, and numbers. */
const deadLetterExtents: readonly [string, Extent][] = [
  ['deadletterreason', asText(64)],
  ['deadlettersink', asText(64)],
  ['deadletterattempts', scalar],
  ['deadlettercause', asText(64)],
  ['deadletterstatus', scalar],
]

/** A language of its own, so that no other transform can name what its events do not have. */
export const deadLetterTransformLanguage: Language = {
  ...transformLanguage,
  createEnvironment: () => registerTransformFunctions(createCelEnvironment(deadLetterTransformFields)),
  fields: new Map([...transformLanguage.fields, ...deadLetterExtents]),
}
