import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RouteBook } from '../../../src/routes/route-book.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aRouteEntry } from '../../support/builders/a-route-entry.ts'

const uidsIn = (book: RouteBook, webhookUid: string) =>
  book
    .indexOf(webhookUid)
    .matching(anEvent(), 'batch.succeeded')
    .map(({ uid }) => uid)

test('each webhook has its own routes, as they stand now', () => {
  const book = new RouteBook()
  assert.deepEqual([book.hasRoutes('uid-1'), uidsIn(book, 'uid-1')], [false, []])
  const first = aRouteEntry({ uid: 'a' })
  book.put(first)
  book.put(aRouteEntry({ uid: 'b', route: { webhookUid: 'uid-2' } }))
  assert.deepEqual([uidsIn(book, 'uid-1'), uidsIn(book, 'uid-2'), uidsIn(book, 'uid-3')], [['a'], ['b'], []])
  book.put(aRouteEntry({ uid: 'c' }))
  assert.deepEqual(uidsIn(book, 'uid-1'), ['a', 'c'], 'asking before does not keep a route from being found')
  book.remove(first)
  assert.deepEqual([book.hasRoutes('uid-1'), uidsIn(book, 'uid-1')], [true, ['c']])
  book.remove(first)
  book.remove(aRouteEntry({ uid: 'c' }))
  assert.deepEqual([book.hasRoutes('uid-1'), uidsIn(book, 'uid-1')], [false, []])
})

test('a route that is refused is none of them', () => {
  const book = new RouteBook()
  const refused = aRouteEntry({ route: { refused: true } })
  book.put(refused)
  assert.deepEqual([book.hasRoutes('uid-1'), uidsIn(book, 'uid-1')], [false, []])
  book.remove(refused)
})
