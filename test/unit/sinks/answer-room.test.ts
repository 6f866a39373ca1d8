import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AnswerRoom } from '../../../src/sinks/answer-room.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')

test('a head may have 16 KiB, and the answer 64 KiB with it', () => {
  const room = new AnswerRoom()
  assert.equal(room.take(bytes('x'.repeat(20_000))), 16_384)
  assert.equal(room.isSpent, false, 'its head may end right there')
  room.noteHead()
  assert.equal(room.take(bytes('x'.repeat(100_000))), 49_152)
  assert.equal(room.take(bytes('x')), 0)
  assert.deepEqual([room.isSpent, room.isHeadEndless], [true, false])
})

test('a head without end is told from a long body', () => {
  const room = new AnswerRoom()
  room.take(bytes(' '.repeat(16_384)))
  assert.equal(room.take(bytes(' ')), 0)
  assert.deepEqual([room.isSpent, room.isHeadEndless], [true, true])
})

test('lines are counted, however short: 512 pass, and nothing of the next', () => {
  for (const isHeadRead of [false, true]) {
    const room = new AnswerRoom()
    if (isHeadRead) room.noteHead()
    assert.equal(room.take(bytes('a\n'.repeat(600))), 2 * 512 + 1)
    assert.deepEqual([room.isSpent, room.isHeadEndless], [true, !isHeadRead])
    assert.equal(room.take(bytes('a')), 0)
  }
})

test('pieces are counted, however small: 512 pass', () => {
  const room = new AnswerRoom()
  room.noteHead()
  for (let n = 0; n < 512; n++) {
    room.notePiece()
    assert.equal(room.take(bytes('x')), 1)
  }
  room.notePiece()
  assert.equal(room.take(bytes('x')), 0)
  assert.equal(room.isSpent, true)
})
