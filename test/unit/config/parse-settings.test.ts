import assert from 'node:assert/strict'
import { test } from 'node:test'

import { namesOf } from '../../../src/config/names.ts'
import { parseSettings, type SettingsInput } from '../../../src/config/parse-settings.ts'
import type { RoleSettings } from '../../../src/config/setting.ts'
import {
  boolean,
  cidrList,
  duration,
  integer,
  oneOf,
  optionalText,
  port,
  requiredUrl,
  size,
  textList,
} from '../../../src/config/setting-types.ts'

const words = { group: 'Group', help: 'What it does.' }
const team = { ...words, placeholder: 'TEAM', pattern: /^[a-z]+$/, what: 'a team name' }

const settings = {
  baseUrl: requiredUrl(words),
  port: port({ ...words, default: '8080' }),
  callTimeoutMs: duration({ ...words, min: '100ms', max: '2m', default: '10s' }),
  maxBodyBytes: size({ ...words, min: '1KiB', max: '1MiB', default: '256KiB' }),
  workers: integer({ ...words, min: 1, max: 8, default: '4' }),
  leaderElection: boolean({ ...words, default: 'true' }),
  logLevel: oneOf({ ...words, words: ['info', 'warn'], default: 'info' }),
  team: optionalText(team),
  teams: textList(team),
  deniedCidrs: cidrList(words),
}

const role: RoleSettings<typeof settings> = {
  role: 'test',
  about: 'A role.',
  example: 'gwh test',
  settings,
  check: ({ workers, port }) => (workers === 8 && port === 1 ? ['workers: too many for one port; lower it'] : []),
}

function parse({ flags = [], env = {}, file }: { flags?: string[]; env?: Record<string, string>; file?: string }) {
  const input: SettingsInput = {
    flags: ['--base-url=https://hooks.example.com', ...flags],
    env,
    file: file === undefined ? undefined : { path: '/etc/gwh.yaml', text: file },
  }
  return parseSettings(role, input)
}

function configFrom(input: Parameters<typeof parse>[0]) {
  const parsed = parse(input)
  assert.equal(parsed.type, 'config', parsed.type === 'errors' ? parsed.errors.join('\n') : '')
  return parsed.config
}

function errorsFrom(input: Parameters<typeof parse>[0]): string[] {
  const parsed = parse(input)
  return parsed.type === 'errors' ? parsed.errors : []
}

test('defaults are read by the same rules as given values', () => {
  assert.deepEqual(configFrom({}), {
    baseUrl: 'https://hooks.example.com',
    port: 8080,
    callTimeoutMs: 10_000,
    maxBodyBytes: 262_144,
    workers: 4,
    leaderElection: true,
    logLevel: 'info',
    team: undefined,
    teams: [],
    deniedCidrs: [],
  })
})

test('a flag wins over the environment, the environment over the file', () => {
  const file = 'port: 1\nworkers: 1\nlogLevel: warn\n'
  const env = { GWH_PORT: '2', GWH_WORKERS: '2' }
  const config = configFrom({ flags: ['--port=3'], env, file })
  assert.deepEqual([config.port, config.workers, config.logLevel], [3, 2, 'warn'])
})

test('what a value replaces is still checked: a broken file is not hidden by a flag', () => {
  assert.deepEqual(errorsFrom({ flags: ['--port=3'], file: 'prot: 1' }), [
    'prot in /etc/gwh.yaml: unknown setting; did you mean port?',
  ])
})

test('the configuration cannot be changed after the start', () => {
  assert.ok(Object.isFrozen(configFrom({})))
})

test('names outside follow from the property: no unit, since the value carries it', () => {
  assert.deepEqual(namesOf('callTimeoutMs'), { key: 'callTimeout', flag: '--call-timeout', env: 'GWH_CALL_TIMEOUT' })
  assert.deepEqual(namesOf('maxBodyBytes'), { key: 'maxBody', flag: '--max-body', env: 'GWH_MAX_BODY' })
})

const readings: { name: string; input: Parameters<typeof parse>[0]; want: Partial<ReturnType<typeof configFrom>> }[] = [
  { name: 'a value after the flag', input: { flags: ['--port', '1'] }, want: { port: 1 } },
  { name: 'a boolean flag alone', input: { flags: ['--leader-election'] }, want: { leaderElection: true } },
  { name: 'a negated boolean flag', input: { flags: ['--no-leader-election'] }, want: { leaderElection: false } },
  { name: 'a boolean with its value', input: { flags: ['--leader-election=false'] }, want: { leaderElection: false } },
  {
    name: 'a boolean from the environment',
    input: { env: { GWH_LEADER_ELECTION: 'false' } },
    want: { leaderElection: false },
  },
  { name: 'a boolean from the file', input: { file: 'leaderElection: false' }, want: { leaderElection: false } },
  { name: 'lists with commas', input: { flags: ['--teams=a, b'] }, want: { teams: ['a', 'b'] } },
  {
    name: 'a list flag given twice adds up',
    input: { flags: ['--teams=a', '--teams=b'] },
    want: { teams: ['a', 'b'] },
  },
  { name: 'a list from the file', input: { file: 'teams: [a, b]' }, want: { teams: ['a', 'b'] } },
  { name: 'a list written as text in the file', input: { file: 'teams: a,b' }, want: { teams: ['a', 'b'] } },
  {
    name: 'an empty list in a flag replaces that of the file',
    input: { flags: ['--teams='], file: 'teams: [a]' },
    want: { teams: [] },
  },
  { name: 'an empty variable as not set', input: { env: { GWH_PORT: '' } }, want: { port: 8080 } },
  { name: 'an empty file', input: { file: '' }, want: { port: 8080 } },
  { name: 'a file with nothing but comments', input: { file: '# nothing\n' }, want: { port: 8080 } },
  { name: 'JSON', input: { file: '{"port": 1, "teams": ["a"]}' }, want: { port: 1, teams: ['a'] } },
  { name: 'YAML words that other parsers take for booleans', input: { file: 'team: no' }, want: { team: 'no' } },
  {
    name: 'address ranges of both families',
    input: { flags: ['--denied-cidrs=10.0.0.0/8,fd00::/8'] },
    want: { deniedCidrs: ['10.0.0.0/8', 'fd00::/8'] },
  },
  {
    name: '--config itself as no setting',
    input: { flags: ['--config', 'x.yaml'], env: { GWH_CONFIG: 'y.yaml' } },
    want: { port: 8080 },
  },
  {
    name: 'foreign variables not at all',
    input: { env: { PORT: '1', GOOGLE_API_KEY: 'x', gwh_port: '2' } },
    want: { port: 8080 },
  },
]
for (const { name, input, want } of readings) {
  test(`reads ${name}`, () => {
    const config = configFrom(input)
    assert.deepEqual({ ...config, ...want }, config)
  })
}

const refusals: { name: string; input: Parameters<typeof parse>[0]; want: string[] }[] = [
  { name: 'an unknown flag', input: { flags: ['--prot=1'] }, want: ['--prot: unknown setting; did you mean --port?'] },
  {
    name: 'an unknown flag that is like nothing',
    input: { flags: ['--something-else'] },
    want: ['--something-else: unknown setting; remove it, --help lists all settings'],
  },
  {
    name: 'an unknown variable',
    input: { env: { GWH_TEEM: 'a' } },
    want: ['GWH_TEEM: unknown setting; did you mean GWH_TEAM?'],
  },
  { name: 'a stray argument', input: { flags: ['now'] }, want: ['"now": unexpected argument; settings are --flags'] },
  { name: 'a flag without its value', input: { flags: ['--port'] }, want: ['--port: has no value; write --port=PORT'] },
  {
    name: 'a negated flag that is no boolean',
    input: { flags: ['--no-port'] },
    want: ['--no-port: has no value; write --no-port=PORT'],
  },
  {
    name: 'a flag given twice',
    input: { flags: ['--port=1', '--port=2'] },
    want: ['--port: was given more than once; give it once'],
  },
  {
    name: 'a bad value',
    input: { env: { GWH_PORT: '70000' } },
    want: ['GWH_PORT: "70000" is not a whole number from 0 to 65535'],
  },
  {
    name: 'a duration without a unit',
    input: { file: 'callTimeout: 10' },
    want: [
      'callTimeout in /etc/gwh.yaml: "10" is not a duration; write a number with its unit, such as 500ms, 10s, 5m or 1h30m',
    ],
  },
  {
    name: 'a duration out of bounds',
    input: { flags: ['--call-timeout=3m'] },
    want: ['--call-timeout: "3m" is outside 100ms to 2m'],
  },
  {
    name: 'a size in units of 1000',
    input: { flags: ['--max-body=1MB'] },
    want: ['--max-body: "1MB" is not a size; write a whole number with its unit, such as 256KiB or 2GiB'],
  },
  {
    name: 'a word that is none of the allowed',
    input: { flags: ['--log-level=loud'] },
    want: ['--log-level: "loud" is not one of info, warn'],
  },
  {
    name: 'one bad entry of a list, by its value',
    input: { flags: ['--teams=a,B2'] },
    want: ['--teams: "B2" is not a team name'],
  },
  {
    name: 'a range with an impossible length',
    input: { flags: ['--denied-cidrs=10.0.0.0/33'] },
    want: ['--denied-cidrs: "10.0.0.0/33" is not an address range such as 10.0.0.0/8 or fd00::/8'],
  },
  {
    name: 'a nested value in the file',
    input: { file: 'port: {a: 1}' },
    want: ['port in /etc/gwh.yaml: is not one value'],
  },
  {
    name: 'a list that is none',
    input: { file: 'teams: {a: 1}' },
    want: ['teams in /etc/gwh.yaml: is not a list of texts'],
  },
  {
    name: 'a file that is a list',
    input: { file: '- a' },
    want: ['/etc/gwh.yaml: is not a mapping; write one "setting: value" per line'],
  },
  {
    name: 'a key that stands twice in the file',
    input: { file: 'port: 1\nport: 2' },
    want: ['/etc/gwh.yaml: is not YAML or JSON: Map keys must be unique at line 2, column 1'],
  },
  {
    name: 'a rule between settings that is broken',
    input: { flags: ['--port=1', '--workers=8'] },
    want: ['workers: too many for one port; lower it'],
  },
  {
    name: 'the switch that makes the SDK print secrets',
    input: { env: { GOOGLE_GENAI_DEBUG: '1' } },
    want: [
      'GOOGLE_GENAI_DEBUG: makes the Google SDK print API keys and signing secrets to the log; remove the variable',
    ],
  },
]
for (const { name, input, want } of refusals) {
  test(`refuses ${name}, naming source, setting and cure`, () => assert.deepEqual(errorsFrom(input), want))
}

test('says everything that is wrong at once', () => {
  assert.equal(errorsFrom({ flags: ['--port=x', '--nope'], env: { GWH_WORKERS: '0' }, file: 'logLevel: x' }).length, 4)
})

test('a required setting that is missing is named with all ways to give it', () => {
  const parsed = parseSettings(role, { flags: [], env: {} })
  assert.deepEqual(parsed, {
    type: 'errors',
    errors: ['baseUrl: is required; give --base-url, GWH_BASE_URL or baseUrl in the file (What it does.)'],
  })
})

test('help is help, whatever else is wrong', () => {
  assert.deepEqual(parse({ flags: ['--nope', '--help'] }), { type: 'help' })
  assert.deepEqual(parse({ flags: ['-h'], env: { GWH_PORT: 'x' } }), { type: 'help' })
})

test('variables that Kubernetes makes for a Service named like ours are not settings', () => {
  const serviceLinks = {
    GWH_SERVICE_HOST: '10.0.0.7',
    GWH_SERVICE_PORT: '80',
    GWH_SERVICE_PORT_HTTP: '80',
    GWH_PORT: 'tcp://10.0.0.7:80',
    GWH_PORT_80_TCP: 'tcp://10.0.0.7:80',
    GWH_PORT_80_TCP_PROTO: 'tcp',
    GWH_PORT_80_TCP_PORT: '80',
    GWH_PORT_80_TCP_ADDR: '10.0.0.7',
  }
  assert.equal(configFrom({ env: serviceLinks }).port, 8080)
  assert.equal(configFrom({ env: { ...serviceLinks, GWH_PORT: '81' } }).port, 81, 'a plain port was set on purpose')
  assert.equal(errorsFrom({ env: { GWH_PORT: 'tcp://10.0.0.7:80' } }).length, 1, 'no such Service: a mistake')
})

const leaks = [
  'AIzaSyA-1234567890abcdefghijk',
  'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
  'eyJhbGciOiJFZERTQSJ9.e30.sig',
]
for (const leak of leaks) {
  test(`a secret in the wrong place is not printed: ${leak.slice(0, 6)}...`, () => {
    const inputs = [{ flags: [`--port=${leak}`] }, { env: { GWH_TEAM: leak } }, { file: `logLevel: ${leak}` }]
    for (const input of inputs) {
      const [error = '', ...more] = errorsFrom(input)
      assert.equal(more.length, 0)
      assert.ok(!error.includes(leak), error)
      assert.match(error, /\[hidden\]/)
    }
  })
}

test('a URL with credentials is refused without printing them', () => {
  const parsed = parseSettings(role, { flags: ['--base-url=https://user:pass@hooks.example.com'], env: {} })
  assert.deepEqual(parsed, {
    type: 'errors',
    errors: ['--base-url: "https:[hidden]hooks.example.com" carries a user name or password; leave them out'],
  })
})

test('the description for the log names every setting and where it came from', () => {
  const parsed = parse({ env: { GWH_CALL_TIMEOUT: '20s' } })
  assert.equal(parsed.type, 'config')
  assert.equal(parsed.described['callTimeout'], '20s (GWH_CALL_TIMEOUT)')
  assert.equal(parsed.described['port'], '8080')
  assert.equal(parsed.described['team'], '(not set)')
  assert.equal(Object.keys(parsed.described).length, Object.keys(settings).length)
})
