import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

test('a scrape tells conditions by count, the age of the oldest secret and the time to Ready, and names no object', async (t) => {
  const fixture = await startControllerFixture(t)
  const running = await fixture.startController()
  await fixture.putApiKey()
  const names = ['first-of-two', 'second-of-two']
  for (const name of names) await fixture.apply(name)
  for (const name of names) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const has = (line: string) => async () => (await running.scrape()).includes(line)
  await eventually('both counted', has('gwh_controller_conditions{type="Ready",status="True"} 2'), { timeoutMs: 4000 })
  const text = await running.scrape()
  assert.match(text, /^gwh_controller_time_to_ready_seconds_count 2$/m)
  assert.match(text, /^gwh_gemini_calls_total\{verb="create",code="OK"\} 2$/m)
  assert.match(text, /^workqueue_depth\{name="webhooks"\} \d+$/m)
  assert.match(text, /^gwh_reconcile_total\{controller="webhooks",result="done"\} \d+$|^gwh_reconcile_total\{/m)
  assert.match(text, /^gwh_gemini_budget_lowest_tokens \d+$/m)
  for (const watch of ['geminiwebhooks', 'secrets', 'keyring', 'configmaps'])
    assert.match(text, new RegExp(`^gwh_reflector_silence_seconds\\{reflector="${watch}"\\} [0-9.]+$`, 'm'))
  assert.match(text, /^gwh_controller_oldest_signing_secret_age_seconds [0-9.]+$/m)
  for (const name of names) assert.ok(!text.includes(name))

  await fixture.remove('first-of-two')
  await fixture.untilGone('first-of-two')
  await eventually('one is left', has('gwh_controller_conditions{type="Ready",status="True"} 1'), { timeoutMs: 4000 })
})

const readyLine = (name: string) =>
  `gwh_controller_object_condition{webhook_namespace="ml",webhook="${name}",type="Ready"} 1`
const agePattern = (name: string) =>
  new RegExp(
    `^gwh_controller_object_signing_secret_age_seconds\\{webhook_namespace="ml",webhook="${name}"\\} [0-9.]+$`,
    'm',
  )

test('with objectMetrics a scrape names every object, and none that is gone', async (t) => {
  const fixture = await startControllerFixture(t, { config: { objectMetrics: true } })
  const running = await fixture.startController()
  await fixture.putApiKey()
  for (const name of ['one', 'two']) await fixture.apply(name)
  for (const name of ['one', 'two']) await fixture.untilCondition(name, 'Ready', { status: 'True' })
  await eventually('both Ready', async () => {
    const text = await running.scrape()
    return text.includes(readyLine('one')) && text.includes(readyLine('two'))
  })
  assert.match(await running.scrape(), agePattern('one'))
  await fixture.remove('two')
  await fixture.untilGone('two')
  await eventually('forgotten', async () => !(await running.scrape()).includes('webhook="two"'))
  assert.match(await running.scrape(), agePattern('one'))
})
