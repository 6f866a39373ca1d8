import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { writeShellFile } from '../../../src/roles/sandbox/shell-file.ts'

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "gwh 'odd' $HOME "))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a shell that reads the file has everything, whatever characters are in the paths', (t) => {
  const folder = aFolder(t)
  const facts = { kubeconfigPath: `${folder}/kubeconfig`, webhookServiceUrl: 'http://127.0.0.1:1', authorityPath: 'a' }
  const path = writeShellFile(folder, { ...facts, program: ['printf', '%s|'] })
  const line = '. "$0"; gwh "$KUBECONFIG" "$GWH_GOOGLE_BASE_URL" "$GWH_TRUSTED_CA" "two words"'
  const told = execFileSync('sh', ['-c', line, path], { encoding: 'utf8' })
  assert.equal(told, [facts.kubeconfigPath, facts.webhookServiceUrl, 'a', 'two words', ''].join('|'))
})

test('other programs find gwh as well: names are handed on by xargs', (t) => {
  const facts = { kubeconfigPath: '/k', webhookServiceUrl: 'http://127.0.0.1:1', authorityPath: '/a' }
  const path = writeShellFile(aFolder(t), { ...facts, program: ['printf', '%s|'] })
  const told = execFileSync('sh', ['-c', '. "$0"; printf "a b" | xargs gwh replay', path], { encoding: 'utf8' })
  assert.equal(told, 'replay|a|b|')
})

test('without a command line the program is the one on PATH', (t) => {
  const facts = { kubeconfigPath: '/k', webhookServiceUrl: 'http://127.0.0.1:1', authorityPath: '/a' }
  const path = writeShellFile(aFolder(t), { ...facts, program: undefined })
  assert.ok(!readFileSync(path, 'utf8').includes('PATH='))
})
