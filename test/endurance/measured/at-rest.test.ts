import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { bundledProgram } from '../../support/processes/bundled-program.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { GwhProcess } from '../../support/processes/gwh-process.ts'
import {
  giveApiKey,
  operatorNamespace,
  startOperatorWorld,
  userNamespace,
  type OperatorWorld,
} from '../../support/worlds/operator-world.ts'
import { makeReportMaps } from '../../support/builders/report-maps.ts'
import { residentBytes } from '../../support/measures/resident-size.ts'
import { pause } from '../../support/measures/pause.ts'
import { processorUse, type ProcessorUse } from '../../support/measures/processor-use.ts'

const windowMs = 20_000
/**
 * The quietest counts: for a minute or two after the start V8 compiles what turned out to be used and collects what the
 * start left.
 */
const mostWindows = 8
const maxWakeUpsPerSecond = 5
/**
 * Counted over real time: what a timer costs is seen in no other way. Processor time is printed only, for it depends on
 * the machine.
 */
describe('a role that has nothing to do', () => {
  const program = bundledProgram()
  let world: OperatorWorld
  const running = new Map<string, GwhProcess>()

  before(async () => {
    world = await startOperatorWorld()
    await giveApiKey(world)
    await makeReportMaps(world.client, operatorNamespace)
    const kubeconfig = await world.kubeconfigFor(world.kubernetesUrl)
    const shared = [`--kubeconfig=${kubeconfig}`, `--namespace=${operatorNamespace}`, '--health-port=0']
    for (const [role, flags] of Object.entries(flagsOf(world))) {
      running.set(role, new GwhProcess([role, ...shared, ...flags], `at-rest-${role}`, program))
    }
    await world.client.create<GeminiWebhook>(geminiWebhookKind, webhook)
    await eventually('the object is Ready', async () => {
      const found = await world.client.get<GeminiWebhook>(geminiWebhookKind, webhook.metadata)
      return found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
    })
  })
  after(async () => {
    for (const process of running.values()) await process.terminate()
    await world.close()
  })

  test(`wakes up ${maxWakeUpsPerSecond} times a second at most`, async (t) => {
    const least = new Map([...running.keys()].map((role) => [role, { wakeUps: Infinity, processorMs: Infinity }]))
    for (let window = 0; window < mostWindows && ![...least.values()].every(isQuiet); window += 1) {
      const begun = [...running].map(([role, process]) => ({ role, process, was: processorUse(process.pid) }))
      await pause(windowMs)
      for (const { role, process, was } of begun) {
        const now = processorUse(process.pid)
        const known = least.get(role)
        assert.ok(known)
        known.wakeUps = Math.min(known.wakeUps, now.wakeUps - was.wakeUps)
        known.processorMs = Math.min(known.processorMs, now.processorMs - was.processorMs)
      }
    }
    for (const [role, process] of running) {
      const use = least.get(role)
      assert.ok(use)
      const mebibytes = residentBytes(process.pid) / 2 ** 20
      t.diagnostic(
        `${role}: ${wakeUpsPerSecond(use).toFixed(1)} wake-ups a second, ${processorPercent(use).toFixed(3)} % of a core, ${mebibytes.toFixed(0)} MiB resident`,
      )
      assert.ok(wakeUpsPerSecond(use) <= maxWakeUpsPerSecond, `${role}: ${wakeUpsPerSecond(use)} wake-ups a second`)
    }
  })
})

const webhook = {
  apiVersion,
  kind: kindName,
  metadata: { namespace: userNamespace, name: 'at-rest' } as GeminiWebhook['metadata'],
  spec: {
    apiKeySecretRef: { name: 'gemini-api-key' },
    events: ['batch.succeeded'],
    endpointCheck: 'Never',
    sinks: [{ name: 'archive', uri: 'https://archive.example.com/' }],
  },
} satisfies GeminiWebhook

function flagsOf({ folder, webhookServiceUrl }: OperatorWorld): Record<string, string[]> {
  return {
    controller: ['--base-url=https://hooks.example.com', `--google-base-url=${webhookServiceUrl}`],
    receiver: [
      '--pod-name=gwh-receiver-0',
      '--host=127.0.0.1',
      '--port=0',
      '--admin-port=0',
      `--data-dir=${folder}/inbox`,
      '--drain=0s',
    ],
  }
}

const wakeUpsPerSecond = ({ wakeUps }: ProcessorUse) => (wakeUps * 1_000) / windowMs
const processorPercent = ({ processorMs }: ProcessorUse) => (processorMs / windowMs) * 100
const isQuiet = (use: ProcessorUse) => wakeUpsPerSecond(use) <= maxWakeUpsPerSecond
