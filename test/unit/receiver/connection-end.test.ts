import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Standing } from '../../../src/connections/give-way.ts'
import { connectionEndOf, type LastWords } from '../../../src/receiver/connection-end.ts'

const read: Omit<LastWords, 'outcome'> = { isProbe: false, isUnread: false, isDraining: false }

const cases: [what: string, answer: LastWords, standing: Standing, want: ReturnType<typeof connectionEndOf>][] = [
  ['a refusal of a stranger', { ...read, outcome: 'BadSignature' }, 'stranger', 'Refused'],
  ['a probe of a stranger', { ...read, outcome: 'Ok', isProbe: true }, 'stranger', 'Probed'],
  ['a probe while not ready', { ...read, outcome: 'NotReady', isProbe: true }, 'stranger', 'Probed'],
  ['a stranger who is asked to come back', { ...read, outcome: 'KeysChanging' }, 'stranger', undefined],
  ['a refusal where deliveries came', { ...read, outcome: 'BadSignature' }, 'proven', undefined],
  ['a refusal through a proxy', { ...read, outcome: 'UnknownEndpoint' }, 'proxy', undefined],
  ['a probe by a proxy', { ...read, outcome: 'Ok', isProbe: true }, 'proxy', undefined],
  ['a body left unread by whomever', { ...read, outcome: 'BodyTooLarge', isUnread: true }, 'proxy', 'Refused'],
  ['whatever while draining', { ...read, outcome: 'Stored', isDraining: true }, 'proven', 'Draining'],
]
for (const [what, answer, standing, want] of cases) {
  test(`after ${what} the connection ${want === undefined ? 'stays' : 'ends'}`, () => {
    assert.equal(connectionEndOf(answer, standing), want)
  })
}
