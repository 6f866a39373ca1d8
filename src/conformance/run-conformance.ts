import type { Clock } from '../clock.ts'
import { cleanseText } from '../gemini/cleanse-text.ts'
import { createWebhookServiceOpener } from '../gemini/webhook-service-opener.ts'
import { createMetrics } from '../observability/metrics.ts'
import { judgedApi, openApi, type ServicePlace } from './api.ts'
import type { CalledEndpoint } from './called-endpoint.ts'
import { checkPromises, type CheckedPromise } from './client-promises.ts'
import { unknown, type Finding } from './finding.ts'
import { OwnWebhooks } from './own-webhooks.ts'
import { pacedFetch } from './paced-fetch.ts'
import { steadyFetch } from './steady-fetch.ts'
import { questions, sometimesFound } from './questions.ts'
import { oneOfEach, settingsOf, type ConformanceReport } from './report.ts'
import type { Question, Session, SessionOptions } from './session.ts'

export interface ConformanceDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly fetch: typeof fetch
  /** Rejects when `signal` aborts. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>
  /** Ends the run; what it made is deleted then, too. */
  readonly signal: AbortSignal
  readonly endpoint?: CalledEndpoint
  /** A line for people about what happens. */
  readonly tell: (line: string) => void
}

export interface ConformanceOptions extends ServicePlace, SessionOptions {
  /** A URL that ends in `/`: of webhooks to which nothing is to be delivered. */
  readonly quietAddress: string
  readonly timeoutMs: number
  /** Whether batches and interactions may be made, which cost tokens. */
  readonly withJobs: boolean
}

/** One call of our client may wait for its turn at a service with a low limit. */
const clientTimeoutMs = 15 * 60_000
const runCharacters = 6

/**
 * Asks a WebhookService how it behaves: what the client relies on, and each switch of the simulated service. It first
 * deletes what an earlier run left, and in the end whatever it made, also when it fails or is ended. Rejects where
 * nothing can be asked, with the reason of `signal`, or where something could not be deleted.
 */
export async function runConformance(options: ConformanceOptions, deps: ConformanceDeps): Promise<ConformanceReport> {
  const { clock, signal, tell } = deps
  const { send, pace, wait, whileRunning, api, cleaning, own } = open(options, deps)
  const swept = await own.sweep()
  if (swept > 0) tell(`deleted ${swept} that an earlier run had left`)
  const describe = (error: unknown) =>
    cleanseText(error instanceof Error ? error.message : String(error), [options.apiKey])
  const ask: Session['ask'] = (path, headers = {}) =>
    send(`${options.baseUrl.replace(/\/+$/, '')}/${path}`, { headers })
  const session: Session = { ...deps, wait, api, cleanUp: cleaning, pace, own, ask, options }
  try {
    const promises = await checkAllPromises(options, { ...deps, wait, fetch: whileRunning, own, describe })
    const findings: Finding[] = []
    for (const question of questions) {
      tell(`asking about ${question.switches.join(', ')}`)
      findings.push(...(await askOne(question, { session, options, describe }, signal)))
      await own.removeAll()
    }
    const names = [...questions.flatMap((question) => question.switches), ...sometimesFound]
    const all = oneOfEach(names, findings)
    const time = new Date(clock.now()).toISOString()
    return { time, service: options.baseUrl, switches: settingsOf(all), findings: all, promises }
  } finally {
    tell('deleting what was made')
    await removeEverything(own)
  }
}

/** Rejects with what to do where something may be left. */
async function removeEverything(own: OwnWebhooks): Promise<void> {
  // What cannot be deleted by its id may be by its name, or at the second try.
  await own.removeAll().catch(() => {})
  try {
    await own.sweep()
    await own.removeAll()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `webhooks of this run may be left (${why}): run "gwh conformance --clean-up" when the service answers again`,
      { cause },
    )
  }
}

/** Deletes what an earlier run left; says how many there were. */
export function cleanUp(options: ConformanceOptions, deps: ConformanceDeps): Promise<number> {
  return open(options, deps).own.sweep()
}

/** The ways to the service: `whileRunning` ends with the signal, what cleans up does not. */
function open(options: ConformanceOptions, { clock, signal, ...deps }: ConformanceDeps) {
  const send = withTimeout(deps.fetch, options.timeoutMs)
  const pace = pacedFetch(send, () => clock.now())
  const wait = (ms: number) => deps.wait(ms, signal)
  const whileRunning: typeof fetch = async (input, init) => {
    signal.throwIfAborted()
    return steadyFetch(pace.through(wait), wait, [500])(input, init)
  }
  const api = judgedApi(openApi(options, whileRunning))
  const cleaning = openApi(options, steadyFetch(pace.through(deps.wait), deps.wait, [500, 2_000, 8_000]))
  const place = { run: runName(deps.random), quietAddress: options.quietAddress }
  return { send, pace, wait, whileRunning, api, cleaning, own: new OwnWebhooks({ api, cleanUp: cleaning }, place) }
}

/** What a question finds; where it cannot be asked, or fails, why nothing was found. */
async function askOne(
  question: Question,
  { session, options, describe }: { session: Session; options: ConformanceOptions; describe: (e: unknown) => string },
  signal: AbortSignal,
): Promise<Finding[]> {
  const all = (why: string) => question.switches.map((name) => unknown(name, why))
  if (question.needs !== undefined && session.endpoint === undefined) return all('it takes --public-url')
  if (question.needs === 'jobs' && !options.withJobs) return all('it takes --with-jobs')
  try {
    return await question.ask(session)
  } catch (error) {
    signal.throwIfAborted()
    return all(`it could not be asked: ${describe(error)}`)
  }
}

async function checkAllPromises(
  options: ConformanceOptions,
  deps: ConformanceDeps & { own: OwnWebhooks; describe: (error: unknown) => string },
): Promise<CheckedPromise[]> {
  const { clock, fetch } = deps
  const checked: CheckedPromise[] = []
  for (const version of ['v1', 'v1beta'] as const) {
    deps.tell(`checking what the client relies on, under /${version}`)
    const open = createWebhookServiceOpener({
      baseUrl: options.baseUrl,
      apiVersion: version,
      timeoutMs: clientTimeoutMs,
      headers: { ...options.headers },
      // The pace is the service's own: what it refuses for its rate is sent again in time.
      budget: { callsPerSecond: 1_000, burst: 1_000 },
      clock,
      metrics: createMetrics(),
      fetch,
    })
    const service = open({ apiKey: options.apiKey, fingerprint: '' })
    checked.push(...(await checkPromises({ ...deps, service, version }, deps.signal)))
    await deps.own.removeAll()
  }
  return checked
}

/** Also for requests that carry a signal of their own. */
function withTimeout(inner: typeof fetch, timeoutMs: number): typeof fetch {
  return (input, init) => {
    const given = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    const deadline = AbortSignal.timeout(timeoutMs)
    const signal = given === undefined ? deadline : AbortSignal.any([given, deadline])
    return inner(input, { ...init, signal })
  }
}

function runName(random: () => number): string {
  return Array.from({ length: runCharacters }, () => Math.floor(random() * 36).toString(36)).join('')
}
