import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { gwhEnvironment } from '../support/builders/gwh-environment.ts'
import { startSimulator } from '../support/worlds/simulator.ts'

interface Ended {
  code: number
  text: string
}

function run(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { env, encoding: 'utf8' }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr })
    })
  })
}

/** Notes how it was called; knows one artifact, if there is one, and an open issue, if there is one. */
const gh = `#!/bin/sh
printf '%s\\n' "$*" >>"$GH_FOLDER/calls"
case "$1 $2" in
"api repos/an/operator/actions/artifacts"*) [ ! -f "$GH_FOLDER/before.json" ] || echo 17 ;;
"run download") mkdir -p "$9" && cp "$GH_FOLDER/before.json" "$9/google-answers.json" ;;
"issue list") [ ! -f "$GH_FOLDER/issue" ] || cat "$GH_FOLDER/issue" ;;
"issue create") echo 4 >"$GH_FOLDER/issue"; cp "$8" "$GH_FOLDER/body" ;;
"issue comment") cp "$7" "$GH_FOLDER/body" ;;
*) exit 2 ;;
esac
`

async function aWorkflow(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-workflow-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'gh'), gh)
  await chmod(join(folder, 'gh'), 0o755)
  const { admin, url, apiKey } = await startSimulator(t)
  const env = {
    ...gwhEnvironment(),
    PATH: `${folder}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
    GH_FOLDER: folder,
    GITHUB_REPOSITORY: 'an/operator',
    DEFAULT_BRANCH: 'main',
    GEMINI_API_KEY: apiKey,
    ANSWERS: join(folder, 'answers.json'),
    CONFORMANCE_FLAGS: `--google-base-url=${url} --max-webhooks=2`,
  }
  const text = (name: string) => readFile(join(folder, name), 'utf8').catch(() => '')
  return {
    folder,
    admin,
    env,
    url,
    apiKey,
    text,
    ask: (changes = {}) => run('.ci/conformance', [], { ...env, ...changes }),
  }
}

test('an issue is opened where an answer is another than before, and goes on where it is open', async (t) => {
  const { folder, admin, apiKey, text, ask } = await aWorkflow(t)
  const first = await ask()
  assert.equal(first.code, 0, first.text)
  assert.match(first.text, /no run before to compare with/)
  await copyFile(join(folder, 'answers.json'), join(folder, 'before.json'))
  assert.equal((await ask()).code, 0)
  assert.doesNotMatch(await text('calls'), /issue/, 'nothing has changed')

  admin.setSwitches({ errorShape: 'interactions' })
  for (const done of ['issue create', 'issue comment 4']) {
    const changed = await ask()
    assert.equal(changed.code, 0, changed.text)
    assert.match(await text('calls'), new RegExp(`^${done} `, 'm'))
    assert.match(await text('body'), /^errorShape +rpc +interactions$/m)
  }
  assert.ok(!(await text('calls')).includes(apiKey) && !(await text('body')).includes(apiKey))
})

test('a promise that does not hold opens one issue, and no more while nothing changes', async (t) => {
  const { folder, admin, text, ask } = await aWorkflow(t)
  admin.addFault({ verb: 'rotateSigningSecret', times: 0, effect: { type: 'status', status: 400 } })
  const first = await ask()
  assert.equal(first.code, 0, first.text)
  assert.match(await text('calls'), /^issue create /m)
  await copyFile(join(folder, 'answers.json'), join(folder, 'before.json'))
  // Somebody has closed it.
  await rm(join(folder, 'issue'))
  const second = await ask()
  assert.equal(second.code, 0, second.text)
  assert.match(second.text, /A promise does not hold, as in the run before/)
  assert.equal((await text('calls')).match(/^issue (create|comment)/gm)?.length, 1)
})

test('a service that gives no answer fails the run, and opens nothing', async (t) => {
  const { text, ask } = await aWorkflow(t)
  const failed = await ask({ GEMINI_API_KEY: 'AIzaSyNobodysKey' })
  assert.equal(failed.code, 1)
  assert.match(failed.text, /the service answered 400 to a list of its webhooks/)
  assert.doesNotMatch(await text('calls'), /issue/)
})

test('without the secret nothing is asked, and it is said', async (t) => {
  const { text, ask } = await aWorkflow(t)
  assert.deepEqual(await ask({ GEMINI_API_KEY: '' }), {
    code: 0,
    text: 'Skipped: the repository has no secret GEMINI_API_KEY.\n',
  })
  assert.equal(await text('calls'), '')
})

test('npm run test:google asks by the same command, and is skipped by name without a key', async (t) => {
  const { folder, admin, env, url } = await aWorkflow(t)
  const args = ['--test', '--test-reporter=tap', 'test/google/google.test.ts']
  const plain = Object.fromEntries(Object.entries(env).filter(([name]) => name !== 'NODE_TEST_CONTEXT'))
  const file = join(folder, 'test.json')
  const asked = { ...plain, GOOGLE_GEMINI_BASE_URL: url, GWH_CONFORMANCE_FILE: file }
  const done = await run(process.execPath, args, asked)
  assert.equal(done.code, 0, done.text)
  assert.match(done.text, /errorShape +rpc/)
  assert.equal((JSON.parse(await readFile(file, 'utf8')) as { service: string }).service, url)
  assert.deepEqual(admin.webhooks(), [])

  const skipped = await run(process.execPath, args, { ...asked, GEMINI_API_KEY: '' })
  assert.equal(skipped.code, 0, skipped.text)
  assert.match(skipped.text, /the real WebhookService # SKIP needs GEMINI_API_KEY/)
})
