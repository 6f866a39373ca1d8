import assert from 'node:assert/strict'
import { test } from 'node:test'

import { probeInTurn } from '../../../../src/controller/observe/probe-in-turn.ts'
import type { ProbeOutcome } from '../../../../src/controller/facts/probe.ts'
import { settle } from '../../../support/doubles/fake-clock.ts'

const target = { url: 'https://hooks.example.com/x', secret: 's' }

test('a namespace whose endpoints answer nobody delays no other, and its own are bounded', async () => {
  const answers: ((outcome: ProbeOutcome) => void)[] = []
  const probe = probeInTurn(() => new Promise((resolve) => answers.push(resolve)))
  const evil = Array.from({ length: 50 }, () => probe(target, 'evil'))
  await settle()
  assert.equal(answers.length, 8)
  const victim = probe(target, 'victim')
  await settle()
  assert.equal(answers.length, 9)
  answers[8]?.({ healthy: true })
  assert.deepEqual(await victim, { healthy: true })
  for (let index = 0; index < 51; index++) {
    answers[index]?.({ healthy: true })
    await settle()
  }
  assert.equal((await Promise.all(evil)).length, 50)
})
