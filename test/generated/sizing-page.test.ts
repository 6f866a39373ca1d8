import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { defaultInboxBounds } from '../../src/inbox/bounds.ts'

const page = readFileSync('docs/sizing.md', 'utf8')
const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte
const secondsPerDay = 86_400
/** The assumptions of the page. */
const bodyBytes = 1024
const bytesBesideBody = 1024
const hoursDown = 8
const peakFactor = 10
const idBytes = 60
const idSeconds = defaultInboxBounds.dedupeMs / 1000

const rows = page
  .split('\n')
  .filter((line) => /^\| [\d,]+ +\| .*sqlite/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))

const numberOf = (cell = '') => Number(/[\d,.]+/.exec(cell)?.[0].replaceAll(',', ''))

/** As the page writes a figure: three digits at most, or whole. */
const shown = (value: number) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(value < 1 ? 1 : 3)))

/** What the inbox must hold so that one object may have all events that wait. */
const held = (perDay: number) => (perDay * hoursDown) / 24 / defaultInboxBounds.ownerShare

test('the table of sizes follows from its arithmetic', () => {
  assert.equal(rows.length, 4)
  for (const [, perDayCell, average, peak, cores, ids, events, inboxMax, volume] of rows) {
    const perDay = numberOf(perDayCell)
    const perSecond = perDay / secondsPerDay
    const busiest = perSecond * peakFactor
    const idsTaken = perSecond * idSeconds * idBytes
    const eventsTaken = ((perDay * hoursDown) / 24) * (bodyBytes + bytesBesideBody)
    const bodies = ((perDay * hoursDown) / 24) * bodyBytes
    assert.ok(Math.abs(numberOf(average) - perSecond) <= Math.max(0.005, perSecond / 100), perDayCell)
    assert.ok(Math.abs(numberOf(peak) - busiest) <= Math.max(0.005, busiest / 100), perDayCell)
    assert.equal(numberOf(cores), Number((busiest * (busiest < 500 ? 0.0022 : 0.001)).toFixed(2)), perDayCell)
    assert.equal(numberOf(ids), idsTaken < 1e6 ? shown(idsTaken / 1e6) : Math.round(idsTaken / 1e6), perDayCell)
    assert.equal(
      numberOf(events),
      eventsTaken < 1e6 ? shown(eventsTaken / 1e6) : Math.round(eventsTaken / 1e6),
      perDayCell,
    )
    const needed = Math.max((idsTaken + eventsTaken) / 0.64, idsTaken / 0.48, bodies / defaultInboxBounds.ownerShare)
    const gibibytes = Math.max(defaultInboxBounds.maxBytes / gibibyte, Math.ceil(needed / gibibyte))
    assert.equal(numberOf(inboxMax), gibibytes, `${perDayCell}: ${needed}`)
    assert.equal(numberOf(volume), Math.ceil((gibibytes * 5) / 4), perDayCell)
  }
})

test('where more events wait than the inbox holds by default, the page says how many it has to hold', () => {
  const beyond = rows.map(([, cell]) => numberOf(cell)).filter((perDay) => held(perDay) > defaultInboxBounds.maxEvents)
  assert.deepEqual(beyond, [10_000_000])
  const [, told = ''] = /receiver\.config\.inboxMaxEvents: (\d+)/.exec(page) ?? []
  assert.ok(Number(told) >= held(10_000_000), told)
})
