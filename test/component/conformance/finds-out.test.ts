import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { openEndpoint } from '../../../src/conformance/open-endpoint.ts'
import { notAsked } from '../../../src/conformance/not-asked.ts'
import { runConformance } from '../../../src/conformance/run-conformance.ts'
import { switchesSchema, type SwitchChanges, type Switches } from '../../../playground/webhook-service/switches.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { startSimulator } from '../../support/worlds/simulator.ts'

/** Settings of switches that are no words, among which is drawn; no lag is so short that it hides in the polling. */
const numbersAndTexts: Partial<Record<keyof Switches, readonly (string | number)[]>> = {
  pingType: ['ping', 'webhook.ping'],
  autoDisableFailures: [5, 12, 20],
  maxSigningSecrets: [0, 3, 5],
  secretBytes: [24, 32, 64],
  maxWebhooksPerProject: [0, 8, 15],
  maxUrisPerConfig: [0, 3],
  maxUserMetadataBytes: [0, 512],
  maxNameCharacters: [0, 64, 200],
  maxRequestsPerMinute: [0, 40],
  retryDelayMs: [500, 1_000, 4_000],
  attemptTimeoutMs: [300, 700],
  userAgent: ['Google-Gemini-Webhooks/1.0', 'Go-http-client/2.0'],
  deliveryLagMs: [0, 2_000],
  readLagMs: [0, 1_500],
  listLagMs: [0, 2_500],
  jwksCacheControl: ['public, max-age=600', 'no-store', ''],
}

/** How far what is measured may be from the setting, in milliseconds. */
const tolerances: Partial<Record<keyof Switches, [less: number, more: number]>> = {
  attemptTimeoutMs: [50, 1_000],
  deliveryLagMs: [300, 1_000],
  readLagMs: [300, 1_000],
  listLagMs: [300, 1_000],
}

const names = Object.keys(switchesSchema.shape) as (keyof Switches)[]
const askedAbout = names.filter((name) => notAsked[name] === undefined)

function choicesOf(name: keyof Switches): readonly (string | number)[] {
  const { innerType } = switchesSchema.shape[name].def
  return numbersAndTexts[name] ?? ('options' in innerType && innerType.type === 'enum' ? innerType.options : [])
}

function draw(random: () => number): Switches {
  const drawn = askedAbout.map((name) => {
    const choices = choicesOf(name)
    assert.ok(choices.length > 1, `${name}: nothing to draw among`)
    return [name, choices[Math.floor(random() * choices.length)]]
  })
  const switches = switchesSchema.parse(Object.fromEntries(drawn))
  // A limit of secrets that is never reached is none.
  return switches.secondRotation === 'oldestDropped' ? { ...switches, maxSigningSecrets: 0 } : switches
}

/** What no question can find out under these settings, because another setting does the same or hides it. */
function hiddenBy(switches: Switches): Set<keyof Switches> {
  const hidden = new Set<keyof Switches>()
  const failing = switches.pingResults === 'counted' && switches.autoDisable === 'afterFailures'
  const hasFailed = switches.setFailedState === 'accepted' || failing
  const rotates = switches.rotateWhileDisabled === 'accepted'
  if (switches.secretBytes % 3 === 0) hidden.add('secretPadding')
  if (switches.secondRotation === 'oldestDropped') hidden.add('maxSigningSecrets')
  if (switches.pingBody === 'emptyObject') hidden.add('pingType')
  if (!failing) for (const name of ['pingResults', 'autoDisable', 'autoDisableFailures'] as const) hidden.add(name)
  if (!hasFailed || !rotates) hidden.add('rotateAutoDisabled')
  const staysDisabled = !rotates || switches.rotateAutoDisabled === 'kept' || switches.setFailedState === 'accepted'
  if (!hasFailed || !staysDisabled) hidden.add('reenableByUpdate')
  if (switches.dynamicUris === 'first') hidden.add('dynamicIds')
  return hidden
}

function isFound(name: keyof Switches, setting: string | number | undefined, switches: Switches): boolean {
  const wanted = switches[name]
  // Calls that had to wait make it uncertain, which is said.
  if (name === 'autoDisableFailures' && setting === undefined) return switches.maxRequestsPerMinute > 0
  if (typeof setting !== 'number' || typeof wanted !== 'number') return setting === wanted
  if (name === 'retryDelayMs') return setting >= wanted * (1 - switches.retryJitter) && setting <= wanted + 1_000
  if (name === 'autoDisableFailures') {
    // Those that are sent until the new state is seen, and deliveries follow it.
    const goesOn = switches.deliveryLagMs > 0 || switches.pingWhenDisabled === 'delivered'
    return setting >= wanted && setting <= wanted + (goesOn ? 8 : 0)
  }
  const [less, more] = (wanted > 0 ? tolerances[name] : undefined) ?? [0, 0]
  return setting >= wanted - less && setting <= wanted + more
}

/** A run against a simulator whose time passes as soon as the run waits, with jobs that end meanwhile. */
async function ask(t: TestContext, switches: SwitchChanges) {
  const time = { now: () => systemClock.now() }
  const clock = { ...systemClock, now: () => time.now() }
  const endpoint = await openEndpoint({ host: '127.0.0.1', port: 0, publicUrl: 'https://conformance.test/a/' }, clock)
  t.after(() => endpoint.close())
  const connectTo = { 'conformance.test': `http://127.0.0.1:${endpoint.port}` }
  const { admin, url, apiKey } = await startSimulator(t, { switches, connectTo })
  time.now = () => admin.now()
  const lines: string[] = []
  const outcomes = { batch: 'succeeded', interaction: 'completed', video: 'generated' } as const
  const report = await runConformance(
    {
      baseUrl: url,
      apiKey,
      quietAddress: 'https://gwh-conformance.invalid/',
      timeoutMs: 30_000,
      withJobs: true,
      maxWebhooks: 20,
      model: 'a-model',
      jobsWithinMs: 60_000,
    },
    {
      clock,
      random: mulberry32(1),
      fetch,
      async wait(ms) {
        for (const { id, type, state } of admin.jobs()) if (state === 'running') admin.finishJob(id, outcomes[type])
        await admin.advance(ms)
      },
      signal: new AbortController().signal,
      endpoint,
      tell: (line) => lines.push(line),
    },
  )
  return { admin, report, printed: `${lines.join('\n')}\n${JSON.stringify(report)}`, apiKey }
}

const seed = Number(process.env['GWH_SEED'] ?? Date.now() % 1_000_000)
const random = mulberry32(seed)

for (const nth of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
  test(`random setting ${nth} of every switch is found out (GWH_SEED=${seed})`, async (t) => {
    const switches = draw(random)
    const { admin, report, printed, apiKey } = await ask(t, switches)
    const hidden = hiddenBy(switches)
    const wrong = askedAbout.flatMap((name) => {
      const finding = report.findings.find((each) => each.switch === name)
      assert.ok(finding, `${name} has no finding`)
      const isRight = hidden.has(name) ? finding.setting === undefined : isFound(name, finding.setting, switches)
      return isRight ? [] : [`${name} is ${switches[name]}: ${JSON.stringify(finding)}`]
    })
    assert.deepEqual(wrong, [])
    t.diagnostic(`${askedAbout.length - hidden.size} found out, ${hidden.size} hidden: ${[...hidden].join(', ')}`)
    assert.deepEqual(
      report.promises.filter(({ problem }) => problem !== undefined),
      [],
    )
    assert.deepEqual(admin.webhooks(), [], 'nothing is left')
    assert.doesNotMatch(printed, /whsec_[A-Za-z0-9+/]{5}/)
    assert.ok(!printed.includes(apiKey))
  })
}
