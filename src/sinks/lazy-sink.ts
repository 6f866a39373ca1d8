import type { Sink } from './port.ts'

/** A sink whose code is loaded with its first delivery: most installations never need it. */
export function lazySink(load: () => Promise<Sink>): Sink {
  let loading: Promise<Sink> | undefined
  return {
    async send(delivery, signal) {
      loading ??= load()
      return (await loading).send(delivery, signal)
    },
    close: async () => (await loading)?.close(),
  }
}
