import { availableParallelism, cpus } from 'node:os'

/** What figures come from. */
export function machine(): Readonly<Record<string, unknown>> {
  return { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
}
