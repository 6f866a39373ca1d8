import { readFileSync } from 'node:fs'

const signals = { SIGTERM: 15, SIGINT: 2 } as const
type EndingSignal = keyof typeof signals

/** The part of `process` that is needed, so that a test can replace it. */
interface FirstProcess {
  readonly pid: number
  on(event: EndingSignal, listener: () => void): unknown
  listenerCount(event: EndingSignal): number
  exit(code: number): void
}

/**
 * Makes SIGTERM and SIGINT end the first process of a container until other code, such as a role, listens to them. The
 * kernel ends any other process by itself, but not the first one: a signal without a handler is dropped, and the pod
 * would stay for its whole grace period. To be called before anything else is loaded.
 */
export function endEarlyAsFirstProcess(host: FirstProcess, readStatus = readOwnStatus): void {
  if (host.pid !== 1) return
  for (const signal of Object.keys(signals) as EndingSignal[]) {
    if (cameWhileNodeStarted(signals[signal], readStatus)) return host.exit(128 + signals[signal])
    host.on(signal, () => {
      if (host.listenerCount(signal) === 1) host.exit(128 + signals[signal])
    })
  }
}

/**
 * From its first milliseconds on Node has a handler of its own, which restores the terminal, removes itself and raises
 * the signal again; the second signal is dropped in a first process, and Node continues. The missing handler shows that
 * this has happened.
 */
function cameWhileNodeStarted(number: number, readStatus: () => string | undefined): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readStatus() ?? '')?.[1]
  if (caught === undefined) return false
  return ((BigInt(`0x${caught}`) >> BigInt(number - 1)) & 1n) === 0n
}

/** Linux only; elsewhere there are no containers to be first in. */
function readOwnStatus(): string | undefined {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    return undefined
  }
}
