import assert from 'node:assert/strict'
import { test } from 'node:test'

import { helpText } from '../../../src/config/help-text.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { boolean, oneOf, optionalText, textList } from '../../../src/config/setting-types.ts'
import type { NamesRule, SettingsTable } from '../../../src/config/setting.ts'

const words = { group: 'Test', help: 'A setting.' }
const anything = { ...words, placeholder: 'TEXT', pattern: /^[^ ]*$/, what: 'a text without blanks' }
const settings = {
  namespace: optionalText({ ...anything, short: 'n' }),
  allNamespaces: boolean({ ...words, short: 'A', default: 'false' }),
  output: oneOf({ ...words, short: 'o', words: ['text', 'json'], default: 'text' }),
  pods: textList(anything),
} as const satisfies SettingsTable

const oneOrTwo: NamesRule = { placeholder: 'NAME', min: 1, max: 2 }

function parse(args: string[], names: NamesRule | undefined = oneOrTwo) {
  const role = { role: 'show', about: 'Shows.', example: 'gwh show', settings, names, check: () => [] }
  return parseSettings(role, { flags: args, env: {} })
}

const spellings = [
  ['-n', 'ml', '-o', 'json', 'batch'],
  ['-nml', '-ojson', 'batch'],
  ['-n=ml', '-o=json', 'batch'],
  ['--namespace=ml', '--output=json', 'batch'],
  ['batch', '--namespace', 'ml', '--output', 'json'],
  ['--namespace', 'ml', 'batch', '-o', 'json'],
  ['-n', 'ml', '-ojson', '--', 'batch'],
]
for (const args of spellings) {
  test(`gwh show ${args.join(' ')} is what kubectl's users mean by it`, () => {
    const parsed = parse(args)
    assert.equal(parsed.type, 'config')
    const { namespace, output, allNamespaces } = parsed.config
    assert.deepEqual([namespace, output, allNamespaces, parsed.names], ['ml', 'json', false, ['batch']])
  })
}

test('letters of flags without a value stand together, the last one may have a value', () => {
  const parsed = parse(['-Ao', 'json', 'batch'])
  assert.equal(parsed.type, 'config')
  assert.deepEqual([parsed.config.allNamespaces, parsed.config.output], [true, 'json'])
})

const mistakes: [args: string[], errors: string[]][] = [
  [[], ['takes 1 to 2 NAME, 0 were given']],
  [['a', 'b', 'c'], ['takes 1 to 2 NAME, 3 were given']],
  [['a', '-x'], ['-x: unknown setting; remove it, --help lists all settings']],
  [['--pdos', 'a'], ['--pdos: unknown setting; did you mean --pods?']],
  [['a', '-n'], ['-n: has no value; write -n=TEXT']],
  [['a', '-oxml'], ['-o: "xml" is not one of text, json']],
]
for (const [args, errors] of mistakes) {
  test(`gwh show ${args.join(' ')} is refused once, with what to write`, () => {
    const parsed = parse(args)
    assert.equal(parsed.type, 'errors')
    assert.deepEqual(parsed.errors, errors)
  })
}

function usage(names?: NamesRule): string | undefined {
  const role = { role: 'show', about: 'Shows.', example: 'gwh show', settings, names, check: () => [] }
  return helpText(role).split('\n', 1)[0]
}

test('the first line of the help shows the arguments', () => {
  assert.equal(usage(), 'Usage: gwh show [flags]')
  assert.equal(usage({ placeholder: 'NAME', min: 1, max: 1 }), 'Usage: gwh show NAME [flags]')
  assert.equal(usage({ placeholder: 'NAME', min: 0, max: 1 }), 'Usage: gwh show [NAME] [flags]')
  assert.equal(usage({ placeholder: 'FILE', min: 1, max: 9 }), 'Usage: gwh show FILE ... [flags]')
  assert.equal(usage({ placeholder: 'POD/ID', min: 0, max: 9 }), 'Usage: gwh show [POD/ID ...] [flags]')
  assert.equal(
    usage({ placeholder: 'x', usage: '[delete ID ...]', min: 0, max: 9 }),
    'Usage: gwh show [delete ID ...] [flags]',
  )
})

test('the help shows the letter of a flag', () => {
  const role = { role: 'show', about: 'Shows.', example: 'gwh show', settings, check: () => [] }
  assert.match(helpText(role), /^ {2}-n, --namespace=TEXT$/m)
  assert.match(helpText(role), /^ {2}-A, --all-namespaces, --no-all-namespaces$/m)
})
