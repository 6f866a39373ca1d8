import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { on, once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'

import { clusterIn } from '../../../src/cli/operator-access.ts'
import { systemClock } from '../../../src/clock.ts'
import { kubeconfigFor } from '../../support/builders/kubeconfig.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'

const objects: Record<string, readonly (readonly [namespace: string, name: string])[]> = {
  geminiwebhooks: [
    ['ml', 'batch-events'],
    ['ml', 'videos'],
    ['web', 'chat'],
  ],
  geminiroutes: [
    ['ml', 'nightly-eval'],
    ['web', 'chat-log'],
  ],
  pods: [
    ['operators', 'gwh-receiver-0'],
    ['operators', 'gwh-receiver-1'],
  ],
  namespaces: [
    ['', 'ml'],
    ['', 'operators'],
    ['', 'web'],
  ],
}

/** An API server with these objects, and a kubeconfig whose context is in `ml`. */
async function aCluster(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-completion-'))
  const server = createServer(({ url = '' }, response) => {
    const [, wanted, plural = ''] = /^\/apis?\/.*?v\w+(?:\/namespaces\/([^/?]+))?\/(\w+)(?:\?|$)/.exec(url) ?? []
    const there = (objects[plural] ?? []).filter(([namespace]) => wanted === undefined || namespace === wanted)
    const items = there.map(([namespace, name]) => ({ metadata: { namespace, name } }))
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ kind: 'List', metadata: { resourceVersion: '1' }, items }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await rm(folder, { recursive: true })
  })
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'ml'))
  return { folder, kubeconfig }
}

async function aCompleter(t: TestContext) {
  const { kubeconfig } = await aCluster(t)
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  const gwh = gwhCommand({ cluster: clusterIn(deps) }, { GWH_KUBECONFIG: kubeconfig })
  return async (line: string) => {
    const { code, out, err } = await gwh('__complete', ...line.split(' '))
    assert.deepEqual([code, err], [0, ''])
    const lines = out.trimEnd().split('\n')
    return { values: lines.slice(0, -1).map((each) => each.split('\t')[0]), directive: lines.at(-1) }
  }
}

const lookedUp: [line: string, values: string[]][] = [
  ['status ', ['batch-events', 'videos', 'groute/nightly-eval']],
  ['ping ', ['batch-events', 'videos']],
  ['status groute/', ['groute/nightly-eval']],
  ['status -n web groute/', ['groute/chat-log']],
  ['status v', ['videos']],
  ['status -n web ', ['chat', 'groute/chat-log']],
  ['-n web status ', ['chat', 'groute/chat-log']],
  ['status web/', ['web/chat', 'web/groute/chat-log']],
  ['ping web/', ['web/chat']],
  ['replay --webhook=ml/g', ['--webhook=ml/groute/nightly-eval']],
  ['deadletters --webhook=b', ['--webhook=batch-events']],
  ['drain ', ['gwh-receiver-0', 'gwh-receiver-1']],
  ['drain --operator-namespace=elsewhere ', []],
  ['inbox --pods=gwh-receiver-0,gwh-receiver-1', ['--pods=gwh-receiver-0,gwh-receiver-1']],
  ['status -n ', ['ml', 'operators', 'web']],
  ['status --context ', ['x']],
  ['stat', ['status']],
]
for (const [line, values] of lookedUp) {
  test(`gwh ${line}<TAB> offers ${values.join(', ') || 'nothing'}`, async (t) => {
    const complete = await aCompleter(t)
    assert.deepEqual(await complete(line), { values, directive: ':4' })
  })
}

test('a name that a shell would take for more than a word is not offered', async (t) => {
  const { folder, kubeconfig } = await aCluster(t)
  const [cluster, user] = ['c', 'u']
  const plain = ['arn:aws:eks:eu-west-1:1:cluster/ml', 'kubernetes-admin@kubernetes', 'gke_p_z_c', 'ml/api:6443/a=b']
  const hostile = [
    '$(touch${IFS}/tmp/x)',
    '`id`',
    'a;id',
    'a|id',
    'a&id',
    '>x',
    "'",
    '"',
    '*',
    '~root',
    '!!',
    '#a',
    '=ls',
  ]
  const odd = ['two words', 'a\nb', 'a\tb', '\u001b[2J', 'ümlaut', '{a,b}', 'a\\']
  const contexts = [...plain, ...hostile, ...odd].map((name) => ({ name, context: { cluster, user } }))
  const file = join(folder, 'from-somebody')
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(kubeconfig, 'utf8')), contexts }))
  const gwh = gwhCommand({ cluster: () => assert.fail('contexts are in the file') }, { GWH_KUBECONFIG: file })
  const { code, out, err } = await gwh('__complete', 'status', '--context', '')
  assert.deepEqual([code, out, err], [0, [...plain, ':4', ''].join('\n'), ''])
})

test('files are left to the shell', async (t) => {
  assert.deepEqual(await (await aCompleter(t))('validate '), { values: [], directive: ':0' })
})

test('where nothing can be looked up, nothing is offered and nothing is said', async (t) => {
  const complete = await aCompleter(t)
  for (const line of ['status --kubeconfig=/nowhere ', 'status --context=none ', 'drain --kubeconfig=/nowhere '])
    assert.deepEqual(await complete(line), { values: [], directive: ':4' }, line)
})

test('gwh completion refuses a shell that it does not know', async () => {
  const { code, err } = await gwhCommand()('completion', 'tcsh')
  assert.deepEqual([code, err], [2, 'gwh completion: "tcsh" is not one of bash, zsh, fish\n'])
})

/** How a shell is started without anybody's settings, and loads the script. */
const shells = {
  bash: { start: 'bash --norc --noprofile -i', load: 'source <(gwh completion bash)' },
  zsh: { start: 'zsh -f -i', load: 'autoload -U compinit; compinit -u -D; source <(gwh completion zsh)' },
  fish: { start: 'fish --no-config -i', load: 'gwh completion fish | source' },
} as const

const isThere = (program: string) => spawnSync(program, ['--version']).error === undefined

/** Control-U. */
const killLine = '\u0015'

/** A terminal in which the shell runs; what is typed is answered as a person would see it. */
async function aTerminal(t: TestContext, shell: keyof typeof shells) {
  const { folder, kubeconfig } = await aCluster(t)
  const program = join(folder, 'gwh')
  await writeFile(program, `#!/bin/sh\nexec ${process.execPath} ${resolve('src/main.ts')} "$@"\n`)
  await chmod(program, 0o755)
  const { start, load } = shells[shell]
  const child = spawn('script', ['-qefc', start, '/dev/null'], {
    env: { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, TERM: 'dumb', GWH_KUBECONFIG: kubeconfig, PS1: '' },
  })
  t.after(() => child.kill())
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString('utf8')))
  const until = async (what: RegExp) => {
    for await (const _ of on(child.stdout, 'data', { close: ['end'] })) if (what.test(seen)) return
    assert.fail(`the shell ended before ${what} was seen: ${JSON.stringify(seen)}`)
  }
  child.stdin.write(`${load}; echo lo''aded\n`)
  await until(/loaded/)
  return {
    /** Types the line and the tabulator, and waits for that on the screen. */
    press: async (line: string, expected: RegExp) => {
      seen = ''
      child.stdin.write(`${line}\t`)
      await until(expected)
      child.stdin.write(killLine)
    },
  }
}

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const missing = ['script', shell].filter((program) => !isThere(program))
  const skip = missing.length > 0 && `${missing.join(' and ')} not installed`
  test(`a real ${shell} completes commands, flags, and names of the cluster`, { skip, timeout: 60_000 }, async (t) => {
    const { press } = await aTerminal(t, shell)
    await press('gwh dead', /gwh dead.*letters/s)
    await press('gwh rotate --revoke', /gwh rotate --revoke.*-previous/s)
    await press('gwh status vid', /gwh status vid.*eos/s)
    await press('gwh ping -n web ch', /gwh ping -n web ch.*at/s)
    await press('gwh deadletters --webhook=vid', /--webhook=vid.*eos/s)
    await press('gwh drain gwh-rec', /gwh drain gwh-rec.*eiver-/s)
    await press('gwh validate READ', /gwh validate READ.*ME\.md/s)
  })
}
