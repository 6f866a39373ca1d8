import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { staticFolder } from '../../tools/bundle.ts'
import { programFiles } from '../../tools/image/root-file-system.ts'
import { prepareProgram, writeExecutable } from '../../tools/package/executable.ts'
import { emptyFolder, runInstalled } from '../support/processes/installed-program.ts'

test('what lies in the static folder of a bundle is in an executable, whatever it is', (t) => {
  const [programs, work] = [emptyFolder(t), emptyFolder(t)]
  const page = Buffer.from([0xff, 0x00, 0xc3, 0xa4])
  mkdirSync(join(programs, staticFolder, 'images'), { recursive: true })
  writeFileSync(join(programs, staticFolder, 'images', 'page.bin'), page)
  writeFileSync(
    join(programs, 'gwh.cjs'),
    `process.stdout.write(Buffer.from(require('node:sea').getAsset(process.argv[2])).toString('hex'))`,
  )
  const [blob, executable] = [join(work, 'blob'), join(work, 'gwh')]
  prepareProgram(programs, blob)
  writeExecutable(process.execPath, blob, executable)
  const answer = runInstalled({ command: [executable] }, [`${staticFolder}/images/page.bin`], work)
  assert.deepEqual(answer, { status: 0, stdout: page.toString('hex'), stderr: '' })
})

test('and in the image, without source maps', (t) => {
  const dist = emptyFolder(t)
  mkdirSync(join(dist, staticFolder))
  for (const file of ['gwh.mjs', 'gwh.mjs.map', join(staticFolder, 'page.css')]) writeFileSync(join(dist, file), file)
  const paths = programFiles(dist).map(({ path }) => path)
  assert.deepEqual(paths.toSorted(), ['app/', 'app/gwh.mjs', 'app/static/', 'app/static/page.css'])
})
