import { signal } from '@preact/signals'

/**
 * The server's time, milliseconds since the epoch: what "ago" is counted from, so that a wrong clock of the browser's
 * machine shows nothing wrong. It moves once a second, and every text with an age with it.
 */
export const now = signal(performance.timeOrigin + performance.now())

let aheadMs = performance.timeOrigin

/** The server has told its time. */
export function setNow(serverMs: number): void {
  aheadMs = serverMs - performance.now()
  tick()
}

function tick(): void {
  now.value = aheadMs + performance.now()
}

export function startTicking(): void {
  setInterval(tick, 1_000)
}
