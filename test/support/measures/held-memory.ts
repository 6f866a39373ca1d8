import { request } from 'undici'

const held = /^nodejs_(?:heap_size_used|external_memory)_bytes (\S+)$/gm

/**
 * What a process holds by its own count: heap and what hangs on it, what the garbage collector has not come to
 * included.
 */
async function heldBytes(healthPort: number): Promise<number> {
  const { body } = await request(`http://127.0.0.1:${healthPort}/metrics`)
  return [...(await body.text()).matchAll(held)].reduce((sum, [, bytes]) => sum + Number(bytes), 0)
}

/** Asks one scrape after the other, a pause between them, until stopped; the samples in bytes, in their order. */
export function sampleHeldBytes(healthPort: number, pauseMs: number): { stop: () => Promise<number[]> } {
  const samples: number[] = []
  const stopping = new AbortController()
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      samples.push(await heldBytes(healthPort))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await loop
      return samples
    },
  }
}

/** The least of some samples: what is left right after a garbage collection. */
export function leastBytes(samples: readonly number[]): number {
  return Math.min(...samples)
}

/** The least of so many scrapes in a row: their own garbage brings about a collection on the way. */
export async function leastHeldBytes(healthPort: number, scrapes: number): Promise<number> {
  const samples: number[] = []
  while (samples.length < scrapes) samples.push(await heldBytes(healthPort))
  return leastBytes(samples)
}
