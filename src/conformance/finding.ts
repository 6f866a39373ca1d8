/** The answer to one switch of the simulated service. */
export interface Finding {
  /** As docs/reference/simulated-webhook-service.md names it. */
  readonly switch: string
  /** What the simulator has to be set to, to do the same; absent where it was not found out. */
  readonly setting?: string | number
  /** What the service did, or why nobody knows. */
  readonly seen: string
}

/** What a question needs besides an API key. */
export type Need = 'endpoint' | 'jobs'

export const found = (name: string, setting: string | number, seen: string): Finding => ({
  switch: name,
  setting,
  seen,
})
export const unknown = (name: string, seen: string): Finding => ({ switch: name, seen })

/** One of two settings, by whether the service took it. */
export function eitherWay(
  name: string,
  { isSo, yes, no, what }: { isSo: boolean; yes: string; no: string; what: string },
): Finding {
  return found(name, isSo ? yes : no, what)
}
