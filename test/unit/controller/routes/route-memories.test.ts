import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RouteMemories } from '../../../../src/controller/routes/route-memories.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const at = (resourceVersion: string) => aRoute({ metadata: { resourceVersion } })

test('a pass works on our own last write until the cache has caught up with it', () => {
  const memories = new RouteMemories(new FakeClock())
  assert.equal(memories.newest(at('9')).metadata.resourceVersion, '9')
  memories.wrote(at('10'), { counts: false })
  assert.equal(memories.newest(at('9')).metadata.resourceVersion, '10', 'versions are numbers, not texts')
  assert.equal(memories.sawOwnWrite(at('9')), false)
  assert.equal(memories.sawOwnWrite(at('10')), true)
  assert.equal(memories.sawOwnWrite(at('10')), false, 'only once')
  memories.wrote(at('11'), { counts: false })
  assert.equal(memories.sawOwnWrite(at('12')), false, 'somebody else wrote since')
  assert.equal(memories.newest(at('12')).metadata.resourceVersion, '12')
})

test('when counts were written is remembered through other writes, until the route is gone', async () => {
  const clock = new FakeClock()
  const memories = new RouteMemories(clock)
  assert.equal(memories.sinceCountsMs(at('1')), Infinity)
  memories.wrote(at('2'), { counts: true })
  await clock.advance({ seconds: 5 })
  memories.wrote(at('3'), { counts: false })
  assert.equal(memories.sawOwnWrite(at('3')), true)
  assert.equal(memories.sinceCountsMs(at('3')), 5_000)
  memories.forget(at('3').metadata.uid)
  assert.equal(memories.sinceCountsMs(at('3')), Infinity)
})
