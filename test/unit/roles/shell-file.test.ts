import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { shellFile } from '../../../src/roles/sandbox/shell-file.ts'

test('a shell that reads the file has everything, whatever characters are in the paths', (t) => {
  const folder = mkdtempSync(join(tmpdir(), "gwh 'odd' $HOME "))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'shell')
  const facts = { kubeconfigPath: `${folder}/kubeconfig`, webhookServiceUrl: 'http://127.0.0.1:1', authorityPath: path }
  writeFileSync(path, shellFile({ ...facts, program: ['printf', '%s|'] }))
  const line = '. "$0"; gwh "$KUBECONFIG" "$GWH_GOOGLE_BASE_URL" "$GWH_TRUSTED_CA" "two words"'
  const told = execFileSync('sh', ['-c', line, path], { encoding: 'utf8' })
  assert.equal(told, [facts.kubeconfigPath, facts.webhookServiceUrl, path, 'two words', ''].join('|'))
})

test('without a command line the program is the one on PATH', () => {
  const facts = { kubeconfigPath: '/k', webhookServiceUrl: 'http://127.0.0.1:1', authorityPath: '/a' }
  assert.ok(!shellFile({ ...facts, program: undefined }).includes('gwh()'))
})
