import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { evaluate, inOrder, readOutputs, readWorkflow } from './rehearsal/workflow.ts'

/** What the rehearsal understands of a workflow. It refuses what it does not, so that nothing is left out unnoticed. */
const contexts = { steps: { build: { outputs: { digest: 'sha256:1' } } }, env: { REGISTRY: 'localhost' } }

test('names in expressions are replaced, however they are spaced', () => {
  assert.equal(evaluate('${{env.REGISTRY}}/a@${{ steps.build.outputs.digest }}', contexts), 'localhost/a@sha256:1')
})

for (const [text, said] of [
  ['${{ steps.biuld.outputs.digest }}', /is not set at this point/],
  ['${{ steps.build }}', /is not set at this point/],
  ["${{ env.REGISTRY == 'a' }}", /takes names only/],
  ['${{ always() }}', /takes names only/],
] as const) {
  test(`${text} is refused`, () => {
    assert.throws(() => evaluate(text, contexts), said)
  })
}

test('outputs have one line, or lines up to a word', () => {
  assert.deepEqual(readOutputs('a=1\nb<<END\nx=1\n\ny\nEND\nc=d=e\n'), { a: '1', b: 'x=1\n\ny', c: 'd=e' })
})

test('jobs come after those that they need, and a circle is told', () => {
  const jobs = { publish: { needs: ['chart', 'version'] }, chart: { needs: ['version'] }, version: {} }
  assert.deepEqual(inOrder(jobs), ['version', 'chart', 'publish'])
  assert.throws(() => inOrder({ a: { needs: ['b'] }, b: { needs: ['a'] } }), /a -> b -> a need each other/)
})

test('a key of a job or a step that would change what is done is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-workflow-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'a.yaml')
  const read = (text: string) => {
    writeFileSync(file, text)
    return readWorkflow(file)
  }
  read('jobs: {a: {runs-on: x, steps: [{run: "true"}]}}')
  assert.throws(() => read('jobs: {a: {strategy: {}, steps: []}}'), /job a: the rehearsal does not know strategy/)
  assert.throws(() => read('jobs: {a: {steps: [{run: "true", if: x}]}}'), /job a, true: the rehearsal does not know if/)
})
