import { kindName, routeKindName } from '../../api/kind.ts'
import { optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { problem } from '../../result.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { output } from '../shared-settings.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import type { Judged, JudgedObject } from './judge-file.ts'
import type { Input } from './read-inputs.ts'
import type { Preview } from './show-preview.ts'

const settings = {
  event: optionalText({
    group: 'Events',
    help: 'Shows what each sink would get of this event: a captured request as for gwh verify, or only the body; - is standard input, a folder means every file in it.',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
    completes: 'file',
  }),
  output,
} as const
type ValidateConfig = ConfigOf<typeof settings>

/**
 * `gwh validate FILE ...`: 1 when an object is invalid, a file cannot be read, or the event cannot be handed to a sink
 * that wants it; 3 when there was none to judge.
 */
export const validate = userCommand({
  name: 'validate',
  summary: 'Validate manifests without a cluster.',
  about:
    'Judges the GeminiWebhooks and GeminiRoutes in manifests as the API server would, unknown fields and the rules of the CRD included, and type-checks their filters and transforms. ' +
    'Other objects are ignored. References to objects of the cluster and settings of the installation (Secrets, Services, allowed host names, whether a webhook allows a route) are not judged. ' +
    'With --event it shows for each sink whether its filter lets that event through and what would be sent, byte for byte but for secrets. A FILE may be a folder, and - is standard input.',
  example: 'gwh validate deploy/samples/minimal.yaml',
  settings,
  names: { placeholder: 'FILE', min: 1, max: maxNames, completes: 'file' },
  run: validateManifests,
})

const manifestEndings = ['.yaml', '.yml', '.json']

async function validateManifests(
  { output, event }: ValidateConfig,
  files: readonly string[],
  { out, clock }: UserCommandDeps,
): Promise<number> {
  const { judgeFile } = await import('./judge-file.ts')
  const { readInputs } = await import('./read-inputs.ts')
  const inputs: Input[] = []
  for (const file of files) inputs.push(...(await readInputs(file, manifestEndings)))
  const objects = inputs.flatMap(judgeFile)
  const previews = event === undefined ? [] : await previewsOf(event, objects, clock.now())
  const judged = objects.map((object) => object.judged)
  const invalid = judged.filter(({ problems }) => problems.length > 0)
  const { previewText, previewValue } = await import('./show-preview.ts')
  const value = {
    valid: invalid.length === 0,
    objects: judged,
    ...(event !== undefined && { previews: previews.map(previewValue) }),
  }
  out(printedAs(output, { value, text: () => previews.map(previewText).join('\n') + inWords(judged, invalid) }))
  if (judged.length === 0) return exitCodes.unjudged
  const isLost = previews.some(({ result }) => result !== 'sent' && result !== 'unwanted')
  return invalid.length === 0 && !isLost ? exitCodes.ok : exitCodes.failed
}

/** Of every event at every sink of every valid object. Throws where an event cannot be read. */
async function previewsOf(name: string, objects: readonly JudgedObject[], nowMs: number): Promise<Preview[]> {
  const { readInputs } = await import('./read-inputs.ts')
  const { readEvent } = await import('./read-event.ts')
  const { previewRoute, previewWebhook } = await import('./preview-sinks.ts')
  const previews: Preview[] = []
  for (const input of await readInputs(name, [''])) {
    const read = 'problem' in input ? problem(input.problem) : readEvent(input.bytes, nowMs)
    if (!read.ok) throw new Error(`--event: ${input.file}: ${read.problem}`)
    for (const { judged, valid } of objects) {
      if (valid === undefined) continue
      const { kind, manifest } = valid
      const sinks = kind === kindName ? previewWebhook(manifest, read.value) : previewRoute(manifest, read.value)
      const { object } = judged
      for (const sink of sinks) previews.push({ event: input.file, kind, object, ...sink })
    }
  }
  return previews
}

function inWords(judged: readonly Judged[], invalid: readonly Judged[]): string {
  const warned = judged.flatMap(({ file, kind, object, warnings }) =>
    warnings.map((warning) => `${file}: ${kind} ${object}: warning: ${warning}`),
  )
  const lines = invalid.flatMap(({ file, kind, object, problems }) =>
    problems.map(({ field, message }) =>
      [file, ...(object === '' ? [] : [`${kind} ${object}`]), ...(field === '' ? [] : [field]), message].join(': '),
    ),
  )
  const good = judged.length - invalid.length
  const summary =
    judged.length === 0
      ? `No ${kindName} or ${routeKindName} in these files.`
      : `${good} of ${judged.length} ${judged.length === 1 ? 'is' : 'are'} valid.`
  return `${[...lines, ...warned, summary].join('\n')}\n`
}
