import type { Failure } from './failure-class.ts'

/** A read whose outcome is data: what is there, that nothing is there, or why it could not be read. */
export type Lookup<T> = { state: 'found'; value: T } | { state: 'missing' } | { state: 'failed'; failure: Failure }

export function found<T>(value: T): { state: 'found'; value: T } {
  return { state: 'found', value }
}

export const missing = { state: 'missing' } as const

/** What was found, or undefined for every other outcome. */
export function valueOf<T>(lookup: Lookup<T>): T | undefined {
  return lookup.state === 'found' ? lookup.value : undefined
}
