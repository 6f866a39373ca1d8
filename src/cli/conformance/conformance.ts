import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

import { boolean, duration, integer, optionalPath, optionalUrl, port, text } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { googleSettings, hostPattern } from '../../config/shared-settings.ts'
import type { ConformanceReport } from '../../conformance/report.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes, type CommandDeps } from '../run-command.ts'
import { output } from '../shared-settings.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'

const { googleApiVersion: _both, ...google } = googleSettings

const settings = {
  apiKeyFile: optionalPath({
    group: 'Google',
    help: 'A file with an API key of the project whose webhooks are made and deleted. If it is not set, the variable GEMINI_API_KEY holds it.',
    completes: 'file',
  }),
  ...google,
  quietAddress: text({
    group: 'Questions',
    help: 'Most webhooks are made for addresses below this URL, at which nobody listens. Set another one for a service that refuses these addresses.',
    placeholder: 'URL',
    pattern: /^https:\/\/[^\s?#]{1,500}\/$/,
    what: 'a URL that starts with https:// and ends in /',
    default: 'https://gwh-conformance.invalid/',
  }),
  maxWebhooks: integer({
    group: 'Questions',
    help: 'How many webhooks the project may have for a moment, to find out how many are possible.',
    min: 1,
    max: 1_000,
    default: '20',
  }),
  publicUrl: optionalUrl({
    group: 'Deliveries',
    help: 'A public URL that leads to the port of this command, for example through a tunnel that you already have. Without it, nothing is found out about deliveries.',
  }),
  listenHost: text({
    group: 'Deliveries',
    help: 'The address at which deliveries are awaited.',
    placeholder: 'HOST',
    pattern: hostPattern,
    what: 'a host name or an address',
    default: '127.0.0.1',
  }),
  listenPort: port({ group: 'Deliveries', help: 'The port at which deliveries are awaited.', default: '8086' }),
  withJobs: boolean({
    group: 'Jobs',
    help: 'Also makes batches and interactions of one word, which cost a few tokens. Needs --public-url.',
    default: 'false',
  }),
  model: text({
    group: 'Jobs',
    help: 'The model of these batches and interactions.',
    placeholder: 'MODEL',
    pattern: /^[A-Za-z0-9._-]{1,128}$/,
    what: 'the name of a model, without models/',
    default: 'gemini-2.5-flash',
  }),
  jobsWithinMs: duration({
    group: 'Jobs',
    help: 'Waits this long for the event of a batch or an interaction.',
    min: '1s',
    max: '48h',
    default: '30m',
  }),
  cleanUp: boolean({
    group: 'Questions',
    help: 'Only deletes what a killed run left.',
    default: 'false',
  }),
  file: optionalPath({
    group: 'Output',
    help: 'Writes the findings to this file, as JSON for --since-file and for gwh sandbox --switches-file.',
    completes: 'file',
  }),
  sinceFile: optionalPath({
    group: 'Output',
    help: 'A file that an earlier run wrote. Shows what the service does differently since then, and ends with 1 if there is anything.',
    completes: 'file',
  }),
  output,
} as const
type ConformanceConfig = ConfigOf<typeof settings>

/**
 * `gwh conformance`: 1 where a promise does not hold or an answer has changed, 3 where the run was ended before it was
 * through, or the service failed where a promise was to be judged.
 */
export const conformance = userCommand({
  name: 'conformance',
  summary: 'Ask a WebhookService how it behaves.',
  about:
    "Checks what the operator's client relies on, and asks about each switch of the simulated WebhookService, with webhooks of its own that it deletes whatever happens. " +
    'One run at a time: it deletes what an earlier one left. It costs no tokens without --with-jobs, and needs no cluster.',
  example: 'gwh conformance --file=answers.json',
  settings,
  check: ({ withJobs, publicUrl }) =>
    withJobs && publicUrl === undefined ? ['with-jobs: has no use without public-url: give both'] : [],
  run: askService,
})

async function askService(
  config: ConformanceConfig,
  _names: readonly string[],
  deps: UserCommandDeps & Pick<CommandDeps, 'env'>,
): Promise<number> {
  const { out, err, clock, random } = deps
  const options = optionsOf(config, await apiKeyOf(config, deps.env))
  const { readReport } = await import('./read-report.ts')
  const before = config.sinceFile === undefined ? undefined : readReport(await readFile(config.sinceFile, 'utf8'))
  const { cleanUp, runConformance } = await import('../../conformance/run-conformance.ts')
  const { openOutbound } = await import('../../outbound/open-outbound.ts')
  const { fetchThrough } = await import('../../outbound/fetch-through.ts')
  const outbound = openOutbound(config)
  const endpoint = await openEndpointFor(config, clock)
  const ending = new AbortController()
  const end = () => {
    err('gwh conformance: ending; what was made is deleted first\n')
    ending.abort(new Error('it was ended'))
  }
  process.once('SIGINT', end).once('SIGTERM', end)
  const asking = {
    clock,
    random,
    fetch: fetchThrough(outbound),
    wait: async (ms: number, signal?: AbortSignal) => {
      await setTimeout(ms, undefined, signal === undefined ? {} : { signal })
    },
    signal: ending.signal,
    ...(endpoint !== undefined && { endpoint }),
    tell: (line: string) => err(`gwh conformance: ${line}\n`),
  }
  try {
    if (config.cleanUp) {
      out(`webhooks deleted: ${await cleanUp(options, asking)}\n`)
      return exitCodes.ok
    }
    const report = await runConformance(options, asking)
    return await show(report, before, { config, out })
  } catch (error) {
    // Where something could not be deleted, that is what there is to say.
    if (error !== ending.signal.reason) throw error
    return exitCodes.unjudged
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
    await endpoint?.close()
    await outbound.close()
  }
}

async function openEndpointFor(
  { publicUrl, listenHost: host, listenPort }: ConformanceConfig,
  clock: UserCommandDeps['clock'],
) {
  if (publicUrl === undefined) return undefined
  const { openEndpoint } = await import('../../conformance/open-endpoint.ts')
  return openEndpoint({ host, port: listenPort, publicUrl }, clock)
}

/** Throws where there is none; the message names where it was looked for, never what is there. */
async function apiKeyOf({ apiKeyFile: file }: ConformanceConfig, env: CommandDeps['env']): Promise<string> {
  const given = file === undefined ? env['GEMINI_API_KEY'] : await readFile(file, 'utf8')
  const apiKey = (given ?? '').trim()
  if (/^[\x21-\x7e]{1,1024}$/.test(apiKey)) return apiKey
  throw new Error(
    file === undefined
      ? 'GEMINI_API_KEY is not set, or is no API key: set it, or name a file with --api-key-file'
      : '--api-key-file: the file does not hold an API key and nothing else: write it there',
  )
}

function optionsOf(
  { googleBaseUrl: baseUrl, googleApiRevision: revision, callTimeoutMs, ...config }: ConformanceConfig,
  apiKey: string,
) {
  const headers = { ...(revision !== undefined && { 'Api-Revision': revision }) }
  return { ...config, apiKey, baseUrl, headers, timeoutMs: callTimeoutMs }
}

async function show(
  found: ConformanceReport,
  before: ConformanceReport | undefined,
  { config, out }: { config: ConformanceConfig; out: (text: string) => void },
): Promise<number> {
  const { changesSince, withEarlier } = await import('../../conformance/report.ts')
  const { reportText } = await import('./report-text.ts')
  const report = withEarlier(found, before)
  const changes = before === undefined ? [] : changesSince(before, report)
  if (config.file !== undefined) await writeFile(config.file, `${JSON.stringify(report, undefined, 2)}\n`)
  const value = before === undefined ? report : { ...report, changes }
  out(printedAs(config.output, { value, text: () => reportText(report, changes, before?.time) }))
  const problems = report.promises.filter(({ problem }) => problem !== undefined)
  const isKept = problems.every(({ isUnjudged }) => isUnjudged)
  if (!isKept || changes.length > 0) return exitCodes.failed
  return problems.length === 0 ? exitCodes.ok : exitCodes.unjudged
}
