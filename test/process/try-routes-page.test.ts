import assert from 'node:assert/strict'
import { test } from 'node:test'

import { blocksOf } from '../support/measures/page-commands.ts'
import { startPageSandbox } from '../support/worlds/page-sandbox.ts'

const page = 'docs/try-routes.md'
/** What the page says of the status of a route that is refused: a link is broken. */
const meantToFail = ['1 gwh status --namespace team-ads groute/failures']

test('every command of the page works as it is printed, and prints what is shown', async (t) => {
  const sandbox = await startPageSandbox(t)
  if (sandbox === undefined) return

  const blocks = blocksOf(page)
  const pasted = blocks.map(({ language, text }, at) => (language === 'sh' ? `${mark(at)}\n${text}` : ''))
  const { printed } = await sandbox.type([beforeAll, ...pasted].join('\n'))

  const failed = [...printed.matchAll(/^@failed (.*)$/gm)].map(([, command]) => command)
  assert.deepEqual(failed, meantToFail, printed)
  const sections = new Map(printed.split(/^@block /m).map((section) => [Number.parseInt(section, 10), section]))
  let shown = 0
  for (const [at, { language, text }] of blocks.entries()) {
    if (language !== 'text' || blocks[at - 1]?.language !== 'sh') continue
    const lines = new Set((sections.get(at - 1) ?? '').split('\n').map(comparable))
    const missing = text
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '...' && !lines.has(comparable(line)))
    assert.deepEqual(missing, [], `not printed: ${sections.get(at - 1) ?? ''}`)
    shown += 1
  }
  assert.ok(shown >= 5, `${shown} blocks show what is printed`)
})

const beforeAll = `trap 'echo "@failed $? $BASH_COMMAND"' ERR`
const mark = (at: number) => `echo '@block ${at}'`

/** Without what differs from run to run: ids, ports, times and the width of columns. */
function comparable(line: string): string {
  return line
    .replaceAll(/msg_[\w-]+/g, 'msg_x')
    .replaceAll(/\d+/g, '0')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
