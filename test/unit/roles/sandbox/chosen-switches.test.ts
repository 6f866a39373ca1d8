import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { chosenSwitches } from '../../../../src/roles/sandbox/chosen-switches.ts'

async function aFile(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-switches-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'answers.json'), text)
  return join(folder, 'answers.json')
}

test('what a file says is set, empty texts and numbers included, and the command line counts more', async (t) => {
  const switches = { secretBytes: 32, jwksCacheControl: '', userAgent: 'a=b/1.0', errorShape: 'interactions' }
  const switchesFile = await aFile(t, JSON.stringify({ time: 'then', switches, findings: [] }))
  assert.deepEqual(await chosenSwitches({ switches: ['errorShape=rpc', 'times=sent'], switchesFile }), {
    ...switches,
    errorShape: 'rpc',
    times: 'sent',
  })
})

test('without a file the command line counts alone', async () => {
  assert.deepEqual(await chosenSwitches({ switches: ['times=sent'], switchesFile: undefined }), { times: 'sent' })
})

test('a file of something else, and a setting that does not exist, are refused with their names', async (t) => {
  for (const text of ['', '[]', '{"switches":["a"]}', '{"findings":[]}']) {
    const switchesFile = await aFile(t, text)
    await assert.rejects(
      chosenSwitches({ switches: [], switchesFile }),
      /switches-file: .*answers\.json has no switches/,
    )
  }
  const switchesFile = await aFile(t, '{"switches":{"errorShape":"none"}}')
  await assert.rejects(chosenSwitches({ switches: [], switchesFile }), /errorShape=none/)
})
