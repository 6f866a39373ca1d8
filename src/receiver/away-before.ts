import { awayToldMs, googleRetriesMs, receiverReportSchema, type Away } from '../contract/receiver-report/report.ts'
import { slotNames } from '../contract/receiver-report/slots.ts'
import { isForbidden, type KubernetesClient } from '../kubernetes/client.ts'
import { configMapKind, type ConfigMap } from '../kubernetes/core-kinds.ts'
import { toMinute } from './build-report.ts'

/** Clocks of receivers differ: a time so little ahead is of one that runs, as the controller has it. */
const aheadMs = 5 * 60_000

/** Short, because the first report waits for it. */
const timeoutMs = 5_000

/**
 * Reads, before this receiver reports for the first time, whether any ran lately: nobody else knows it where the
 * controller was away too. Throws where the API server does not answer; a ConfigMap that may not be read tells nothing.
 */
export async function readAway(
  client: Pick<KubernetesClient, 'get'>,
  namespace: string,
  nowMs: number,
): Promise<Away | undefined> {
  const found = await Promise.all(slotNames.map((name) => readIn(client, { namespace, name })))
  return awayBefore(
    found.flatMap((configMap) => Object.values(configMap?.data ?? {})),
    nowMs,
  )
}

async function readIn(client: Pick<KubernetesClient, 'get'>, key: { namespace: string; name: string }) {
  try {
    return await client.get<ConfigMap>(configMapKind, key, { timeoutMs })
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}

/**
 * The last time in which no receiver ran for longer than Google retries, as the reports tell that are there: the one
 * that ends now, or the newest that one of them tells. Pure.
 */
export function awayBefore(reports: readonly string[], nowMs: number): Away | undefined {
  const told = reports.map(readTimes)
  const heardMs = Math.max(...told.map(({ time = '' }) => Date.parse(time)).filter((ms) => ms <= nowMs + aheadMs))
  if (Number.isFinite(heardMs) && nowMs - heardMs > googleRetriesMs)
    return { since: toMinute(heardMs), until: toMinute(nowMs) }
  const [newest] = told
    .flatMap(({ away }) => away ?? [])
    .filter(({ until }) => nowMs - Date.parse(until) < awayToldMs)
    .toSorted((a, b) => Date.parse(b.until) - Date.parse(a.until))
  return newest
}

const timesSchema = receiverReportSchema.pick({ time: true, away: true })

/** Of a report that cannot be read: nothing. */
function readTimes(text: string): { time?: string | undefined; away?: Away | undefined } {
  try {
    return timesSchema.safeParse(JSON.parse(text)).data ?? {}
  } catch {
    return {}
  }
}
