import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

import { gwhEnvironment } from '../support/builders/gwh-environment.ts'
import { mulberry32 } from '../support/builders/seeded-random.ts'
import { eventually } from '../support/measures/eventually.ts'
import { startSimulator } from '../support/worlds/simulator.ts'

const kills = Number(process.env['KILLS'] ?? 30)
const seed = Number(process.env['GWH_KILL_SEED'] ?? process.env['GWH_SEED'] ?? Date.now() % 1_000_000)
/** A run makes some more calls than these. */
const lastCall = 100

test(`killed at ${kills} random calls, a run leaves what the next one deletes (GWH_KILL_SEED=${seed})`, async (t) => {
  const { admin, url, apiKey } = await startSimulator(t)
  const foreign = admin.createWebhook('project-a', { name: 'of others', uri: 'https://a.test/', subscribedEvents: [] })
  const random = mulberry32(seed)

  function start(...flags: string[]) {
    const args = ['src/main.ts', 'conformance', `--google-base-url=${url}`, '--max-webhooks=12', ...flags]
    const env = { ...gwhEnvironment(), GEMINI_API_KEY: apiKey }
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const printed: string[] = []
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => printed.push(text))
    const ended = once(child, 'close').then(([code, signal]: unknown[]) => ({ code, signal, text: printed.join('') }))
    return { child, ended }
  }

  /** How many calls were received, the one that hangs included. */
  const received = () => Object.values(admin.calls().counts).reduce((sum, each) => sum + each.received, 0)

  let left = 0
  for (let nth = 0; nth < kills; nth++) {
    const skip = Math.floor(random() * lastCall)
    // Its answer is lost, whether or not what it asked for was done.
    const when = random() < 0.5 ? 'beforeCommit' : 'afterCommit'
    admin.resetCalls()
    admin.addFault({ skip, effect: { type: 'hang', when } })
    const { child, ended } = start()
    await eventually(`call ${skip + 1}`, () => received() > skip, { timeoutMs: 60_000, intervalMs: 20 })
    child.kill('SIGKILL')
    const { signal, text } = await ended
    assert.equal(signal, 'SIGKILL', text)
    admin.clearFaults()
    left += admin.webhooks().length - 1
    // A whole run cleans up as well; it takes longer.
    const next = await start(...(nth === 0 ? [] : ['--clean-up'])).ended
    assert.equal(next.code, 0, next.text)
    assert.deepEqual(
      admin.webhooks().map(({ id }) => id),
      [foreign.id],
    )
    assert.doesNotMatch(text + next.text, /whsec_[A-Za-z0-9+/]{5}/)
    assert.ok(!(text + next.text).includes(apiKey))
  }
  t.diagnostic(`${left} webhooks were left by ${kills} runs that were killed, and deleted`)
  assert.ok(left > kills / 4, `only ${left} webhooks were left: the kills did not strike where it matters`)
})
