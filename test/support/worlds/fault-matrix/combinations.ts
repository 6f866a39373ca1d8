import { faultsOf, type Fault } from './faults.ts'
import { operations, type Operation } from './operations.ts'
import { settingsFor, type Setting } from './switch-settings.ts'

/** One operation, one fault on its way, one way in which the service may be. */
export interface Combination {
  name: string
  operation: Operation
  fault: Fault
  setting: Setting
}

/** The whole product, always in the same order. */
export function allCombinations(): Combination[] {
  return operations.flatMap((operation) => {
    const settings = settingsFor(operation.name)
    return faultsOf(operation).flatMap((fault) =>
      settings.map((setting) => {
        const name = `${operation.name} | ${fault.name} | ${setting.name}`
        return { name, operation, fault, setting }
      }),
    )
  })
}

/** So many different ones, each as likely as every other. */
export function drawSome<T>(from: readonly T[], count: number, random: () => number): T[] {
  const pool = [...from]
  return Array.from({ length: Math.min(count, pool.length) }, () =>
    pool.splice(Math.floor(random() * pool.length), 1),
  ).flat()
}
