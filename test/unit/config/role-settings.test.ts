import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { controllerSettings } from '../../../src/config/controller-config.ts'
import { helpText } from '../../../src/config/help-text.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { namesOf } from '../../../src/config/names.ts'
import { parseSettings, type SettingsInput } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'
import { sandboxSettings } from '../../../src/config/sandbox-config.ts'

const parseController = (flags: string[]) => parseSettings(controllerSettings, { flags, env: {} })
const parseReceiver = (flags: string[]) => parseSettings(receiverSettings, { flags, env: {} })
const parseSandbox = (flags: string[]) => parseSettings(sandboxSettings, { flags, env: {} })

const roles = [
  {
    ...controllerSettings,
    parse: parseController,
    help: helpText(controllerSettings),
    required: ['--base-url=https://x'],
  },
  { ...receiverSettings, parse: parseReceiver, help: helpText(receiverSettings), required: [] },
  { ...sandboxSettings, parse: parseSandbox, help: helpText(sandboxSettings), required: [] },
]

for (const { settings, help, role, parse, required, example } of roles) {
  test(`the help of ${role} teaches every setting: flag, variable, file key, default and unit`, () => {
    for (const [property, setting] of Object.entries(settings)) {
      const { flag, env, key } = namesOf(property)
      assert.ok(help.includes(`${flag}=`) || help.includes(`${flag}, --no-`), flag)
      assert.ok(help.includes(`environment ${env}; file key ${key}\n`) || help.endsWith(`file key ${key}`), key)
      if (setting.presence.type === 'default') assert.ok(help.includes(setting.presence.text))
    }
    const tooLong = help.split('\n').filter((line) => line.length > 120)
    assert.deepEqual(tooLong, [])
  })

  test(`names of ${role}'s settings are unambiguous`, () => {
    const flags = Object.keys(settings).map((property) => namesOf(property).flag)
    assert.equal(new Set(flags).size, flags.length)
    assert.ok(
      flags.every((flag) => /^--[a-z]+(-[a-z]+)*$/.test(flag) && !flag.startsWith('--no-')),
      flags.join(' '),
    )
  })

  test(`${role}'s defaults and the example in its help are accepted`, () => {
    const [program, name, ...flags] = example.split(' ')
    assert.deepEqual([program, name], ['gwh', role])
    // The controller itself refuses HOST, which stands for the reader's own.
    for (const given of [required, flags.map((flag) => flag.replace('//HOST', '//192.0.2.1'))]) {
      const parsed = parse(given)
      assert.deepEqual(parsed.type === 'errors' ? parsed.errors : [], [])
    }
  })
}

function receiverErrors(...flags: string[]): string[] {
  const parsed = parseReceiver(flags)
  return parsed.type === 'errors' ? parsed.errors : []
}

test('HTTPS_PROXY and NO_PROXY count where nothing was said to us, and a password is never shown', () => {
  const { settings } = controllerSettings
  const env = { HTTPS_PROXY: 'http://team:pa%2Fss@proxy:3128', no_proxy: '.svc, 10.0.0.0/8' }
  const flags = ['--base-url=https://192.0.2.1']
  const parse = (input: Partial<SettingsInput>) => parseSettings(controllerSettings, { flags, env, ...input })
  const parsed = parse({})
  assert.equal(parsed.type, 'config')
  assert.equal(parsed.config.httpsProxy, 'http://team:pa%2Fss@proxy:3128/')
  assert.deepEqual(parsed.config.proxyBypass, ['.svc', '10.0.0.0/8'])
  assert.equal(parsed.described['httpsProxy'], 'http://proxy:3128 (HTTPS_PROXY)')
  const file = { path: 'gwh.yaml', text: 'httpsProxy: ours:3128' }
  const overruled = parse({ file })
  assert.equal(overruled.type === 'config' && overruled.config.httpsProxy, 'http://ours:3128/')
  for (const text of ['http://team:pa/ss@proxy:3128', 'socks5://team:pass@proxy:1080', 'http://team:p@ss@:1']) {
    const refused = parse({ env: { HTTPS_PROXY: text } })
    assert.equal(refused.type, 'errors')
    assert.match(refused.errors.join(), /^HTTPS_PROXY: "[^"]*" (is not the URL of a proxy|uses socks5)/)
    assert.doesNotMatch(refused.errors.join(), /pa\/ss|pass|p@ss/)
  }
  assert.equal(settings.httpsProxy.presence.type, 'optional')
})

test('a certificate without its key, or a key without its certificate, is a mistake', () => {
  for (const flag of ['--tls-cert=/a', '--tls-key=/b'])
    assert.match(receiverErrors(flag)[0] ?? '', /^tlsCert: and tlsKey/)
  assert.deepEqual(receiverErrors('--tls-cert=/a', '--tls-key=/b'), [])
})

test('files for NATS sinks without servers are a mistake', () => {
  for (const flag of ['--nats-sink-credentials=/a', '--nats-sink-ca=/b']) {
    assert.match(receiverErrors(flag)[0] ?? '', /^natsSinkUrl: is needed with/)
    assert.deepEqual(receiverErrors(flag, '--nats-sink-url=nats://n:4222'), [])
  }
})

function controllerErrors(...flags: string[]): string[] {
  const parsed = parseController(flags)
  return parsed.type === 'errors' ? parsed.errors : []
}

test('a base URL with http:// needs a second, explicit word', () => {
  const [error = ''] = controllerErrors('--base-url=http://127.0.0.1:8080')
  assert.match(error, /^baseUrl: starts with http:\/\/.*--insecure-base-url/)
  assert.deepEqual(controllerErrors('--base-url=http://127.0.0.1:8080', '--insecure-base-url'), [])
})

const leaseCases: { flags: string[]; want: RegExp }[] = [
  { flags: ['--lease-renew-deadline=30s'], want: /^leaseRenewDeadline: must be shorter than leaseDuration/ },
  { flags: ['--call-timeout=15s'], want: /^callTimeout: must be shorter than leaseDuration minus leaseRenewDeadline/ },
  { flags: ['--lease-retry-period=13s'], want: /^leaseRetryPeriod: must be well below leaseRenewDeadline/ },
]
for (const { flags, want } of leaseCases) {
  test(`two controllers could act at once with ${flags.join(' ')}, so it is refused`, () => {
    const errors = controllerErrors('--base-url=https://192.0.2.1', ...flags)
    assert.equal(errors.length, 1)
    assert.match(errors[0] ?? '', want)
    assert.deepEqual(controllerErrors('--base-url=https://192.0.2.1', '--no-leader-election', ...flags), [])
  })
}

test('a receiver that could not hold one largest delivery does not start', () => {
  const parsed = parseReceiver(['--max-unverified=1MiB', '--max-body=2MiB'])
  assert.equal(parsed.type, 'errors')
  assert.match(parsed.errors[0] ?? '', /^maxUnverified: is smaller than maxBody/)
})

const inboxCases: { flags: string[]; want: RegExp }[] = [
  { flags: ['--inbox=jetstream'], want: /^natsUrl: is needed with inbox=jetstream/ },
  { flags: ['--nats-url=nats://nats:4222'], want: /^natsUrl: is given, but the inbox is sqlite/ },
  { flags: ['--inbox=jetstream', '--nats-url=nats://user:pass@nats:4222'], want: /nats-url.*without credentials/ },
]
for (const { flags, want } of inboxCases) {
  test(`a receiver with ${flags.join(' ')} is refused: the inbox would not be where it was meant to be`, () => {
    const parsed = parseReceiver(flags)
    assert.equal(parsed.type, 'errors')
    assert.match(parsed.errors[0] ?? '', want)
    assert.ok(!parsed.errors.join(' ').includes('pass@'), 'no password in the message')
  })
}

test('a receiver with an inbox in JetStream needs no more than the server', () => {
  const parsed = parseReceiver(['--inbox=jetstream', '--nats-url=nats://nats-0.nats:4222,tls://[fd00::1]:4222'])
  assert.deepEqual(parsed.type === 'config' ? parsed.config.natsUrl : parsed, [
    'nats://nats-0.nats:4222',
    'tls://[fd00::1]:4222',
  ])
})

function portFrom(flags: string[], env: Record<string, string>) {
  const parsed = loadConfig(receiverSettings, { flags, env })
  return parsed.type === 'config' ? parsed.config.port : parsed
}

test('the file comes from --config, else from GWH_CONFIG, and must be readable', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-config-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [one, two] = [join(folder, 'one.yaml'), join(folder, 'two.yaml')]
  writeFileSync(one, 'port: 1\n')
  writeFileSync(two, 'port: 2\n')

  assert.equal(portFrom([], { GWH_CONFIG: one }), 1)
  assert.equal(portFrom([`--config=${two}`], { GWH_CONFIG: one }), 2)
  assert.equal(portFrom(['--config', two], {}), 2)
  assert.deepEqual(portFrom(['--config', join(folder, 'none.yaml')], {}), {
    type: 'errors',
    errors: [`--config ${join(folder, 'none.yaml')}: cannot be read (ENOENT); give a file that exists and is readable`],
  })
})
