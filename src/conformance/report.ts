import type { CheckedPromise } from './client-promises.ts'
import type { Finding } from './finding.ts'
import { notAsked } from './not-asked.ts'

/** What `gwh conformance` found; the JSON that it writes. */
export interface ConformanceReport {
  readonly time: string
  /** Where the service is. */
  readonly service: string
  /** For `gwh sandbox --switches-file`: what was found out, by the names of the switches. */
  readonly switches: Readonly<Record<string, string | number>>
  /** What runs before found out and this one did not: of what changes meanwhile, a later one can still tell. */
  readonly earlier?: Readonly<Record<string, string | number>>
  readonly findings: readonly Finding[]
  readonly promises: readonly CheckedPromise[]
}

/** One finding for each switch: what was found out, else why not; those that are not asked about included. */
export function oneOfEach(names: readonly string[], given: readonly Finding[]): Finding[] {
  const all = [...new Set([...names, ...Object.keys(notAsked)])]
  return all.map((name) => {
    const about = given.filter((finding) => finding.switch === name)
    const [first] = about
    return (
      about.find(({ setting }) => setting !== undefined) ??
      first ?? { switch: name, seen: notAsked[name] ?? 'nothing showed it' }
    )
  })
}

export function settingsOf(findings: readonly Finding[]): Record<string, string | number> {
  return Object.fromEntries(
    findings.flatMap(({ switch: name, setting }) => (setting === undefined ? [] : [[name, setting]])),
  )
}

/** The report with what is known only from the one before. */
export function withEarlier(now: ConformanceReport, before: ConformanceReport | undefined): ConformanceReport {
  if (before === undefined) return now
  const earlier = Object.entries(known(before)).filter(([name]) => !(name in now.switches))
  return earlier.length === 0 ? now : { ...now, earlier: Object.fromEntries(earlier) }
}

const known = ({ earlier, switches }: ConformanceReport) => ({ ...earlier, ...switches })

export interface Change {
  readonly what: string
  readonly before: string
  readonly now: string
}

/** Settings that differ by chance from run to run: as much is no change. */
const measured: ReadonlySet<string> = new Set([
  'readLagMs',
  'listLagMs',
  'deliveryLagMs',
  'retryDelayMs',
  'attemptTimeoutMs',
])
/** Three times as long is another setting, unless both are short. */
const isAsLong = (a: number, b: number) => Math.max(a, b) <= 3 * Math.min(a, b) || Math.abs(a - b) < 2_000

const word = (problem: string | undefined) => (problem === undefined ? 'holds' : 'does not hold')

/**
 * What the service does otherwise than in an earlier report, or in one before that where that one did not find it out.
 * What was never found out before is no change: whether something is depends on the address and the flags, too.
 */
export function changesSince(before: ConformanceReport, now: ConformanceReport): Change[] {
  const settingsBefore: ConformanceReport['switches'] = known(before)
  const settings = Object.entries(now.switches).flatMap(([what, setting]) => {
    const old = settingsBefore[what]
    const isMeasured = measured.has(what) && typeof old === 'number' && typeof setting === 'number'
    if (old === undefined || old === setting || (isMeasured && isAsLong(old, setting))) return []
    return [{ what, before: String(old), now: String(setting) }]
  })
  const promises = now.promises.flatMap(({ version, promise, problem, isUnjudged }) => {
    const old = before.promises.find((each) => each.version === version && each.promise === promise)
    if (old === undefined || isUnjudged || old.isUnjudged || word(old.problem) === word(problem)) return []
    return [{ what: `${version}: ${promise}`, before: word(old.problem), now: word(problem) }]
  })
  return [...settings, ...promises]
}
