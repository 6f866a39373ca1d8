import { kindName, routeKindName } from '../../api/kind.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { output } from '../shared-settings.ts'
import { maxNames, userCommand, type UserCommandDeps } from '../user-command.ts'
import type { Judged } from './judge-file.ts'

const settings = { output } as const
type ValidateConfig = ConfigOf<typeof settings>

/** `gwh validate FILE ...`: 1 when an object is invalid or a file cannot be read, 3 when there was none to judge. */
export const validate = userCommand({
  name: 'validate',
  summary: 'Judge manifests without a cluster.',
  about:
    'Judges the GeminiWebhooks and GeminiRoutes in manifests as the API server would, unknown fields and the rules of the CRD included, and type-checks their filters. ' +
    'Other objects are ignored. References to objects of the cluster and settings of the installation (Secrets, Services, allowed host names, whether a webhook allows a route) are not judged.',
  example: 'gwh validate deploy/samples/minimal.yaml',
  settings,
  names: { placeholder: 'FILE', min: 1, max: maxNames, completes: 'file' },
  run: validateManifests,
})

async function validateManifests(
  { output }: ValidateConfig,
  files: readonly string[],
  { out }: UserCommandDeps,
): Promise<number> {
  const { judgeFile } = await import('./judge-file.ts')
  const judged: Judged[] = []
  for (const file of files) judged.push(...(await judgeFile(file)))
  const invalid = judged.filter(({ problems }) => problems.length > 0)
  const value = { valid: invalid.length === 0, objects: judged }
  out(printedAs(output, { value, text: () => inWords(judged, invalid) }))
  if (judged.length === 0) return exitCodes.unjudged
  return invalid.length === 0 ? exitCodes.ok : exitCodes.failed
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
