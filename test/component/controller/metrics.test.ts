import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../../support/controller-fixture.ts'
import { eventually } from '../../support/eventually.ts'

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
  assert.match(text, /^gwh_controller_oldest_signing_secret_age_seconds [0-9.]+$/m)
  for (const name of names) assert.ok(!text.includes(name))

  await fixture.remove('first-of-two')
  await fixture.untilGone('first-of-two')
  await eventually('one is left', has('gwh_controller_conditions{type="Ready",status="True"} 1'), { timeoutMs: 4000 })
})
