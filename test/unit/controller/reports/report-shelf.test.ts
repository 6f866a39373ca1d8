import assert from 'node:assert/strict'
import { test } from 'node:test'

import { maxPodsEach, newestOfEach, ReportShelf } from '../../../../src/controller/reports/report-shelf.ts'
import { createMetrics } from '../../../../src/observability/metrics.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const report = (pending: number, time = '2026-11-21T12:00:00Z') =>
  JSON.stringify({ time, endpoints: { u: { pending } } })
const aMap = (name: string, data: Record<string, string>) => ({ metadata: { name }, data })

function aShelf() {
  const clock = new FakeClock('2026-11-21T12:00:30Z')
  const metrics = createMetrics()
  const shelf = new ReportShelf({ clock, metrics })
  const refused = async () => (await metrics.expose()).text.match(/refused_total\{part="report"\} (\d+)/)?.[1]
  return { clock, shelf, refused }
}

test('what a receiver left where it was before does not count, whichever is read first', async () => {
  const { clock, shelf } = aShelf()
  const former = aMap('former', { r: report(1) })
  shelf.all([former])
  await clock.advance({ seconds: 5 })
  const moved = aMap('slot', { r: report(2) })
  for (const maps of [
    [former, moved],
    [moved, former],
  ]) {
    assert.deepEqual(
      newestOfEach(shelf.all(maps)).map(({ configMap }) => configMap),
      ['slot'],
      'said in the same minute, but later',
    )
  }
  const later = aMap('former', { r: report(3, '2026-11-21T12:01:00Z') })
  assert.deepEqual(
    newestOfEach(shelf.all([later, moved])).map(({ configMap }) => configMap),
    ['former'],
  )
})

test('a text is read once, and what is refused of it counted once', async () => {
  const { shelf, refused } = aShelf()
  const broken = aMap('slot', { r: '{' })
  for (let look = 0; look < 3; look++) shelf.all([broken])
  assert.equal(await refused(), '1')
  const [first] = shelf.all([aMap('slot', { r: report(1) })])
  const [second] = shelf.all([aMap('slot', { r: report(1) })])
  assert.equal(first, second)
})

test('more keys than there are receivers are not read', () => {
  const { shelf } = aShelf()
  const data = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`r-${n}`, report(1)]))
  assert.equal(shelf.all([aMap('slot', data)]).length, maxPodsEach)
})
