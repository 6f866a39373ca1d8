import { optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { output } from '../shared-settings.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'

const anyPath = { placeholder: 'FILE', pattern: /^.{1,4096}$/, what: 'a path', completes: 'file' } as const

const settings = {
  secretFile: optionalText({
    group: 'Keys',
    help: 'For a static endpoint, a file with its signing secrets, one or several separated by blanks, as under signing-secrets of its Secret.',
    ...anyPath,
  }),
  jwksFile: optionalText({
    group: 'Keys',
    help: 'For a dynamic endpoint, a file with the public keys of Google (a JSON Web Key Set).',
    ...anyPath,
  }),
  output,
} as const
type VerifyConfig = ConfigOf<typeof settings>

/** `gwh verify FILE`: 1 when the signature is not good. */
export const verify = userCommand({
  name: 'verify',
  summary: 'Check the signature of a captured request.',
  about:
    'Checks the signature of a captured request in a file, as it was sent over the wire: request line, headers, an empty line, and the body byte for ' +
    'byte. Says which secret made the signature, and how the age of its timestamp would be judged.',
  example: 'gwh verify captured.http --secret-file=signing-secrets.txt',
  settings,
  check: ({ secretFile, jwksFile }) =>
    (secretFile === undefined) === (jwksFile === undefined)
      ? ['secret-file, jwks-file: give one of the two: the endpoint decides how its requests are signed']
      : [],
  names: { placeholder: 'FILE', min: 1, max: 1, completes: 'file' },
  run: verifyRequest,
})

async function verifyRequest(
  config: VerifyConfig,
  [file = '']: readonly string[],
  { out, clock }: UserCommandDeps,
): Promise<number> {
  const { inWords, judgeRequest } = await import('./judge-request.ts')
  const finding = await judgeRequest(file, config, clock.now())
  out(printedAs(config.output, { value: finding, text: () => inWords(finding) }))
  return finding.signature === 'Good' ? exitCodes.ok : exitCodes.failed
}
