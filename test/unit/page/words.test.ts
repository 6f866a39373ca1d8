import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { howMany, targetsOf } from '../../../src/page/actions/tasks.ts'
import type { Finding } from '../../../src/contract/page/overview.ts'
import { attentionOf } from '../../../src/page/attention.ts'
import { ago, bytes, count, counted, duration, span } from '../../../src/page/format.ts'
import { readKey } from '../../../src/page/keys.ts'
import { selectionOf } from '../../../src/page/parts/typed-selection.ts'
import { visiblePieces } from '../../../src/page/parts/visible-text.ts'
import { hrefOf, hrefOfOwner, parseRoute, type Route } from '../../../src/page/route.ts'

const shown = (text: string, keepLines = false) =>
  visiblePieces(text, { keepLines })
    .map(({ text, isControl }) => (isControl ? `[${text}]` : text))
    .join('')

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

test('times, durations and figures are short, in one unit, and never negative nonsense', () => {
  assert.deepEqual(
    [0, 999, 12 * second, 4 * minute, 25 * hour, 41 * 24 * hour].map((ms) => span(ms)),
    ['0 s', '0 s', '12 s', '4 min', '1 d', '41 d'],
  )
  assert.deepEqual([ago(0, 12_345), ago(2 * hour, 0), ago(500, 0)], ['12 s ago', 'in 2 h', 'now'])
  assert.deepEqual(
    [0.2, 4, 9.96, 38.4, 1_234, 59_999, 240_000].map((ms) => duration(ms)),
    ['0.2 ms', '4 ms', '10 ms', '38 ms', '1.2 s', '60 s', '4 min'],
  )
  assert.deepEqual([0, 999, 1_000, 1_490_000, 3e12].map(bytes), ['0 B', '999 B', '1 kB', '1.5 MB', '3 TB'])
  assert.deepEqual(
    [count(1_284), counted(1, 'dead letter'), counted(0, 'dead letter')],
    ['1,284', '1 dead letter', '0 dead letters'],
  )
})

test('text from outside loses nothing but what cannot be seen, which gets a picture or a name', () => {
  assert.equal(shown('a\u0000b\u001b[31m\u007f'), 'a[␀]b[␛][31m[␡]')
  assert.equal(shown('x\u202Ey\u200bz\ufeff\u0085'), 'x[U+202E]y[U+200B]z[U+FEFF][U+0085]')
  assert.equal(shown('one\ntwo\tthree\r', true), 'one\ntwo\tthree[␍]')
  assert.equal(shown('one\ntwo'), 'one[␊]two')
  assert.equal(shown('Grüße 日本 👍 <b>'), 'Grüße 日本 👍 <b>')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const pieces = visiblePieces(text)
      const plain = pieces.filter(({ isControl }) => !isControl).map(({ text }) => text)
      assert.ok(plain.every((piece) => piece !== '' && text.includes(piece)))
      // oxlint-disable-next-line no-control-regex -- None of these may be left.
      assert.doesNotMatch(pieces.map(({ text }) => text).join(''), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
    }),
  )
})

test('an address leads to a page and back, whatever is in a name', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 })
  const routes: fc.Arbitrary<Route> = fc.oneof(
    fc.constantFrom(...(['overview', 'webhooks', 'dead-letters', 'waiting'] as const)).map((page) => ({ page })),
    fc.tuple(text, text).map(([namespace, name]) => ({ page: 'webhook' as const, namespace, name })),
    fc
      .tuple(text, text, text)
      .map(([namespace, name, eventId]) => ({ page: 'delivery' as const, namespace, name, eventId })),
  )
  fc.assert(fc.property(routes, (route) => assert.deepEqual(parseRoute(hrefOf(route)), route)))
  for (const odd of ['', '#', '#/', '#/nowhere', '#/webhook/only', '#/delivery/a/b', '#/%E0%A4%A'])
    assert.deepEqual(parseRoute(odd), { page: 'overview' }, odd)
  assert.deepEqual(parseRoute('#/waiting?sink=a'), { page: 'waiting' })
})

test('what deliveries belong to is shown as the webhook or the route that it is', () => {
  const webhook = { namespace: 'search', name: 'batch-events' }
  assert.deepEqual(parseRoute(hrefOfOwner(webhook)), { page: 'webhook', ...webhook })
  const route = parseRoute(hrefOfOwner({ namespace: 'search', name: 'groute/nightly' }))
  assert.deepEqual(route, { page: 'route', namespace: 'search', name: 'nightly' })
})

test('g and a letter within a moment is one shortcut; anything else is forgotten', () => {
  const { does, state } = readKey('g', 0, undefined)
  assert.deepEqual([does, state], [undefined, { first: 'g', atMs: 0 }])
  assert.deepEqual(readKey('w', 500, state), { does: 'g w' })
  assert.deepEqual(readKey('w', 5_000, state), {})
  assert.deepEqual(readKey('x', 500, state), {})
  assert.deepEqual(readKey('?', 0, undefined), { does: '?' })
  assert.deepEqual(readKey('w', 0, undefined), {})
})

test('a typed selection is that of the commands, or names the field that cannot be read', () => {
  const none = { webhook: '', sink: '', type: '', eventId: '', why: '', since: '', until: '' }
  const typed = { ...none, webhook: ' ml/batch-events ', why: 'Exhausted', since: '2026-11-21T12:00:00Z' }
  assert.deepEqual(selectionOf(typed, 'reason'), {
    selection: { namespace: 'ml', name: 'batch-events', reason: 'Exhausted', since: '2026-11-21T12:00:00Z' },
  })
  assert.deepEqual(selectionOf({ ...none, why: 'status 503' }, 'cause'), { selection: { cause: 'status 503' } })
  assert.deepEqual(selectionOf(none, 'reason'), { selection: {} })
  assert.deepEqual(selectionOf({ ...none, webhook: 'search/groute/nightly-eval' }, 'reason'), {
    selection: { namespace: 'search', name: 'groute/nightly-eval' },
  })
  for (const webhook of ['ml', 'ml/', '/x', 'a/b/c', 'groute/x/', 'a/groute/b/c']) {
    const read = selectionOf({ ...none, webhook }, 'reason')
    assert.ok('problem' in read && read.problem.startsWith(`Webhook or route: ${webhook} is neither`), webhook)
  }
  const read = selectionOf({ ...none, until: '1h' }, 'reason')
  assert.ok('problem' in read && read.problem.startsWith('Until: 1h'))
})

test('a question counts what it is about, and everything is only meant when nothing narrows it', () => {
  const counted = { count: 3, isAtLeast: false, without: [] }
  assert.equal(howMany('dead letter', counted), '3 dead letters')
  assert.equal(howMany('pending delivery', { ...counted, count: 1 }), '1 pending delivery')
  assert.equal(
    howMany('pending delivery', { count: 10_000, isAtLeast: true, without: [{ pod: 'r-1' }] }),
    'At least 10,000 pending deliveries (without r-1, not reached)',
  )
  assert.deepEqual(targetsOf({}), { all: true })
  assert.deepEqual(targetsOf({ sink: 'worker' }), { selection: { sink: 'worker' } })
})

test('what needs attention is there with its remedy, the worst first, and nothing that is well', () => {
  const row = {
    version: '1',
    reason: '',
    message: '',
    events: 1,
    pending: 0,
    deadLetters: 0,
    sinks: [],
    namespace: 'ml',
  }
  const items = attentionOf({
    rows: [
      { ...row, id: 'ml/a', name: 'a', health: 'Ready' },
      { ...row, id: 'ml/b', name: 'b', health: 'DeadLetters', deadLetters: 1, message: 'one was given up' },
      {
        ...row,
        id: 'ml/c',
        name: 'c',
        health: 'Failed',
        broken: 'API key',
        message: 'refused',
        remedy: 'Put a valid key.',
      },
      { ...row, id: 'ml/d', name: 'd', health: 'Suspended' },
      { ...row, id: 'ml/e', name: 'e', health: 'SinkFailing', broken: 'sink w', pending: 5, message: 'refused' },
      { ...row, id: 'ml/f', name: 'f', health: 'Progressing' },
    ],
    findings: [
      { name: 'leader', state: 'Broken', says: 'no controller leads' },
      { name: 'objects', state: 'Broken', says: 'not Ready: 1 of 6' },
      { name: 'orphans', state: 'Open', says: 'could not be read' },
    ],
    receivers: [
      { pod: 'r-0', state: 'Connected', sinceMs: 0 },
      { pod: 'r-1', state: 'Unreachable', why: 'timeout', sinceMs: 0 },
    ],
  })
  assert.deepEqual(
    items.map(({ tone, title, says, remedy }) => [tone, title, says, remedy]),
    [
      ['bad', 'ml/c: API key', 'refused', 'Put a valid key.'],
      ['bad', 'ml/e: sink w takes nothing', 'refused · 5 waiting', undefined],
      ['bad', 'leader', 'no controller leads', undefined],
      ['warn', 'ml/b: 1 dead letter', 'one was given up', undefined],
      [
        'warn',
        'r-1 does not answer',
        'timeout. What it holds is not counted here; it is asked again by itself.',
        undefined,
      ],
    ],
  )
})

test('a pause of the installation needs attention for as long as it lasts, and none where it cannot be read', () => {
  const says = 'the whole installation is paused since 2026-11-21T12:00:00Z'
  const told = (finding: Partial<Finding>) =>
    attentionOf({ rows: [], receivers: [], findings: [{ name: 'pause', state: 'Open', says, ...finding }] })
  assert.deepEqual(
    told({}).map(({ tone, title, says: words }) => [tone, title, words]),
    [['open', 'pause', says]],
  )
  assert.deepEqual(told({ unjudged: true, says: 'could not be read: forbidden' }), [])
  assert.deepEqual(told({ state: 'Good', says: 'the installation is not paused' }), [])
})
