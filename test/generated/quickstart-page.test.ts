import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import packageJson from '../../package.json' with { type: 'json' }
import { blocksOf } from '../support/measures/page-commands.ts'

const page = 'docs/quickstart.md'

/** Each command of the shell blocks, continued lines joined. */
const commandsOf = (path: string, heading: RegExp) =>
  blocksOf(path)
    .filter(({ language, headings }) => language === 'sh' && headings.some((each) => heading.test(each)))
    .flatMap(({ text }) =>
      text
        .replaceAll(/\\\n\s*/g, '')
        .trim()
        .split('\n'),
    )

/** The end-to-end suite types these: test/e2e/quickstart.test.ts. */
const typed = /^(The image|The operator and the playground|The first webhook|A batch ends)$/

test('what the README says to install is what the quick start says, shortened, in the same order', () => {
  const inReadme = commandsOf('README.md', /^Install it$/)
  const inPage = commandsOf(page, typed)
  assert.ok(inReadme.length >= 8, `${inReadme.length} commands`)
  assert.deepEqual(
    inPage.filter((command) => inReadme.includes(command)),
    inReadme,
  )
})

test('the image that is built, the one that the page names and those that are installed have one version', () => {
  const image = `gemini-webhook-operator:${packageJson.version}`
  assert.deepEqual([...new Set(readFileSync(page, 'utf8').match(/gemini-webhook-operator:\d[\w.-]*/g))], [image])
  for (const path of ['deploy/playground/kustomization.yaml', 'overlays/example/kustomization.yaml']) {
    const [, tag] = /^ +newTag: (.+)$/m.exec(readFileSync(path, 'utf8')) ?? []
    assert.equal(tag, packageJson.version, path)
  }
})
