import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withComments } from '../../../tools/chart-values-comments.ts'
import { chartValuesSchema } from '../../../tools/chart-values-schema.ts'
import { withDefinitions } from '../../../tools/schema-definitions.ts'
import { schemaForHelm, type HelmSchema } from '../../../tools/schema-for-helm.ts'
import { flag, object, text, type ValueSchema } from '../../../tools/value-schema.ts'

/** Every reference in place of what it names. */
function resolved(part: unknown, definitions: Readonly<Record<string, HelmSchema>>): unknown {
  if (Array.isArray(part)) return part.map((each) => resolved(each, definitions))
  if (typeof part !== 'object' || part === null) return part
  const reference: unknown = Reflect.get(part, '$ref')
  if (typeof reference === 'string') return resolved(definitions[reference.replace('#/definitions/', '')], definitions)
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, resolved(value, definitions)]))
}

test('a schema with definitions says what it said without, in less than half', () => {
  const whole = schemaForHelm(chartValuesSchema())
  const { definitions, ...rest } = withDefinitions(whole)
  assert.deepEqual(resolved(rest, definitions as Record<string, HelmSchema>), JSON.parse(JSON.stringify(whole)))
  assert.ok(JSON.stringify({ definitions, ...rest }).length * 2 < JSON.stringify(whole).length)
})

const longText = `${'0123456789 '.repeat(11)}the end.`
const schema: ValueSchema = object('All.', {
  tls: object('How it is encrypted.', {
    enabled: flag('Encrypt.'),
    name: text(longText),
  }),
  labels: { description: 'On the objects.', type: 'object', additionalProperties: { type: 'string' } },
  config: object('Settings.', { port: flag('A port.') }),
})
const values = `# What this file is.

# An old word.
tls:
  enabled: true # kept as it is
  # An older one,
  # of two lines.
  name: 'a: b'

labels:
  team: x
config: {}
`

test('each value is described above it by its schema, levels without the mark, and what is wrong there is replaced', () => {
  const described = withComments(values, schema)
  assert.equal(
    described,
    `# What this file is.

# How it is encrypted.
tls:
  # -- Encrypt.
  enabled: true # kept as it is
  # -- ${'0123456789 '.repeat(10).trim()}
  # 0123456789 the end.
  name: 'a: b'

# -- On the objects.
labels:
  team: x
# -- Settings.
config: {}
`,
  )
  assert.equal(withComments(described, schema), described)
})
