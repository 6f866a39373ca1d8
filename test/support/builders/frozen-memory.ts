import { Memory } from '../../../src/controller/memory/memory.ts'
import type { Recollection } from '../../../src/controller/memory/recollection.ts'

let isFreezing = false

/**
 * From here on, for the rest of the process, what a memory shows is frozen to the bottom: whoever reads it and writes
 * into it, an observation or a plan, fails at that very statement. May be called again.
 */
export function freezeMemories(): void {
  if (isFreezing) return
  isFreezing = true
  const shown = Object.getOwnPropertyDescriptor(Memory.prototype, 'view')
  Object.defineProperty(Memory.prototype, 'view', {
    get(this: Memory): Recollection {
      return deepFrozen(shown?.get?.call(this) as Recollection)
    },
  })
}

/** Nothing frozen is frozen again, so that a view costs no more than what is new in it. */
function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (value instanceof Map) freezeEntries(value)
  Object.freeze(value)
  for (const part of Object.values(value)) deepFrozen(part)
  return value
}

function refuse(): never {
  throw new TypeError('a map of a frozen memory is written to')
}

/** A frozen map would still take entries. */
function freezeEntries(map: Map<unknown, unknown>): void {
  for (const method of ['set', 'delete', 'clear']) Object.defineProperty(map, method, { value: refuse })
  for (const part of map.values()) deepFrozen(part)
}
