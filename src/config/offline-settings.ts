import { optionalText } from './setting-types.ts'
import type { ConfigOf, RoleSettings } from './setting.ts'
import { output } from './shared-settings.ts'

/** Settings of the commands that look at files and need neither a cluster nor Google. */

const anyPath = { placeholder: 'FILE', pattern: /^.{1,4096}$/, what: 'a path' }
const noRules = () => []

const validateTable = { output } as const
export type ValidateConfig = ConfigOf<typeof validateTable>
export const validateSettings: RoleSettings<typeof validateTable> = {
  role: 'validate',
  about:
    'Judges the GeminiWebhooks in manifests as the API server would, unknown fields and the rules of the CRD included, and type-checks their filters. ' +
    'Other objects are passed over. What only the cluster knows (Secrets, Services, allowed host names) is not judged.',
  example: 'gwh validate deploy/samples/minimal.yaml',
  settings: validateTable,
  check: noRules,
}

const verifyTable = {
  secretFile: optionalText({
    group: 'Keys',
    help: 'For a static endpoint: a file with its signing secrets, one or several with blanks between them, as under signing-secrets of its Secret.',
    ...anyPath,
  }),
  jwksFile: optionalText({
    group: 'Keys',
    help: "For a dynamic endpoint: a file with Google's public keys (a JSON Web Key Set).",
    ...anyPath,
  }),
  output,
} as const
export type VerifyConfig = ConfigOf<typeof verifyTable>
export const verifySettings: RoleSettings<typeof verifyTable> = {
  role: 'verify',
  about:
    'Checks the signature of a request that was captured, in a file as it went over the wire: request line, headers, an empty line, and the body byte for ' +
    'byte. Tells which secret it was made with, and how the age of its timestamp would be judged.',
  example: 'gwh verify captured.http --secret-file=signing-secrets.txt',
  settings: verifyTable,
  check: ({ secretFile, jwksFile }) =>
    (secretFile === undefined) === (jwksFile === undefined)
      ? ['secret-file, jwks-file: give one of the two: the endpoint decides how its requests are signed']
      : [],
}
