import * as z from 'zod'

import { mapListOf, text, writtenSecretKey } from './field-types.ts'
import { signingSecretKeys } from './names.ts'
import type { Rule } from './rules.ts'

/**
 * Further keys of the Secret with the signing secrets, for consumers that expect them under names and in forms of their
 * own.
 */

const templateKeySchema = z.strictObject({
  key: writtenSecretKey().describe(
    'Name of the key in the Secret, other than the three that are always there. What others put there under this name is replaced.',
  ),
  format: z
    .enum(['Text', 'Base64', 'DotEnv', 'JSON'])
    .describe(
      'Text (default): as Google issued it. Base64: the raw key in base64, which is what follows whsec_. DotEnv: a line VARIABLE=secret. JSON: an object with signingSecret and, during the overlap of a rotation, previousSigningSecret.',
    )
    .optional(),
  secret: z
    .enum(['Current', 'Previous'])
    .describe(
      'Current (default), or Previous: the one before it, and no key at all except during the overlap of a rotation.',
    )
    .optional(),
  variable: text(128)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .describe('Name of the variable of a DotEnv line.')
    .optional(),
})

export const secretTemplateSchema = z
  .strictObject({ keys: mapListOf(templateKeySchema, 'key', 16, 1) })
  .describe('Further keys of the Secret. Each is written together with the others, so that none is ever behind.')

export type SecretTemplate = z.infer<typeof secretTemplateSchema>
export type SecretTemplateKey = z.infer<typeof templateKeySchema>

const ownKeys: readonly string[] = Object.values(signingSecretKeys)

/** What the fields of one key demand of each other; rules.ts says how rules are made. */
export const secretTemplateKeyRules: readonly Rule<'secretTemplateKey'>[] = [
  {
    id: 'template-key-is-free',
    scope: 'secretTemplateKey',
    field: 'key',
    cel: `!(self.key in [${ownKeys.map((key) => `'${key}'`).join(', ')}])`,
    message: `key must not be ${ownKeys.slice(0, -1).join(', ')} or ${ownKeys.at(-1)}: these are always there, as Google issued them`,
    holds: ({ key }) => !ownKeys.includes(key),
  },
  {
    id: 'template-variable',
    scope: 'secretTemplateKey',
    field: '',
    cel: "has(self.variable) == (has(self.format) && self.format == 'DotEnv')",
    message: 'set variable with format DotEnv, and only with it: it is the name before the equals sign',
    holds: ({ variable, format }) => (variable !== undefined) === (format === 'DotEnv'),
  },
  {
    id: 'template-json-has-both',
    scope: 'secretTemplateKey',
    field: 'secret',
    cel: "!has(self.secret) || !has(self.format) || self.format != 'JSON'",
    message: 'secret must be absent with format JSON, which has both: leave it out',
    holds: ({ secret, format }) => secret === undefined || format !== 'JSON',
  },
]
