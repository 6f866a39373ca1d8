import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse, parseAllDocuments } from 'yaml'

import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'

function errorsFrom(env: Record<string, string>): string[] {
  const parsed = parseSettings(controllerSettings, { flags: [], env })
  return parsed.type === 'errors' ? parsed.errors : []
}
const withUrl = (url: string, more = {}) => errorsFrom({ GWH_BASE_URL: url, ...more })

test('a base URL with a name that is reserved for examples is refused, with what to set and where', () => {
  const hosts = [
    'hooks.example.com',
    'example.org',
    'a.b.example.net',
    'hooks.example',
    'x.invalid',
    'HOOKS.EXAMPLE.COM.',
  ]
  for (const host of [...hosts, 'hooks.test', 'localhost', 'a.localhost:8443', 'HOST']) {
    const errors = withUrl(`https://${host}/gemini`)
    assert.equal(errors.length, 1, host)
    assert.match(errors[0] ?? '', /^baseUrl: \S+ is a placeholder .* GWH_BASE_URL .*overlays\/example.*value baseUrl/)
  }
})

test('names that only look like it, and addresses, are taken', () => {
  const hosts = ['hooks.myexample.com', 'example.com.de', 'example.io', 'test.acme.dev', '192.0.2.1', '[2001:db8::1]']
  hosts.push('example.acme.dev', 'host.acme.dev:8443', 'bücher.de')
  for (const host of hosts) assert.deepEqual(withUrl(`https://${host}`), [], host)
})

test('with a simulator any name is taken, with Google written out none of these', () => {
  const url = 'https://hooks.example.com'
  assert.deepEqual(withUrl(url, { GWH_GOOGLE_BASE_URL: 'http://webhook-service.gemini-playground.svc:8080' }), [])
  for (const own of ['https://generativelanguage.googleapis.com/', 'https://GenerativeLanguage.googleapis.com:443'])
    assert.equal(withUrl(url, { GWH_GOOGLE_BASE_URL: own }).length, 1, own)
})

test('an installation id that was left as it is in the overlay is refused, with a simulator too', () => {
  for (const id of ['REPLACE-ME', 'replace-me', 'replace_me_please', 'changeme-1']) {
    const errors = withUrl('http://a.svc', {
      GWH_INSECURE_BASE_URL: 'true',
      GWH_GOOGLE_BASE_URL: 'http://b.svc',
      GWH_INSTALLATION_ID: id,
    })
    assert.equal(errors.length, 1, id)
    assert.match(errors[0] ?? '', /^installationId: \S+ is a placeholder.* GWH_INSTALLATION_ID .*value installationId/)
  }
  assert.deepEqual(withUrl('https://192.0.2.1', { GWH_INSTALLATION_ID: 'replacement-1' }), [])
})

test('what ships to be filled in does not start as it is', () => {
  const documents = parseAllDocuments(readFileSync('deploy/install.yaml', 'utf8'))
  const objects = documents.map((document) => document.toJS() as Shipped)
  const shipped = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'gwh-controller')
  assert.match(errorsFrom(shipped?.data ?? {}).join(), /^baseUrl: hooks\.example\.com is a placeholder/)

  const { patches } = parse(readFileSync('overlays/example/kustomization.yaml', 'utf8')) as Overlay
  const sets = patches.flatMap(({ patch }) => parse(patch) as { path: string; value: string }[])
  const set = Object.fromEntries(sets.map(({ path, value }) => [path.replace('/data/', ''), value]))
  const words = errorsFrom({ ...shipped?.data, ...set }).map((error) => error.split(' ', 1)[0])
  assert.deepEqual(words, ['baseUrl:', 'installationId:'])
})

interface Shipped {
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
}

interface Overlay {
  patches: { patch: string }[]
}
