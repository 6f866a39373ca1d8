import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const pages = ['docs/rotation.md', 'docs/policies.md']
const link = /\[test\]\(([^ )]+) (["'])(.+?)\2\)/g

for (const page of pages) {
  test(`every test that ${page} names exists`, () => {
    const links = [...readFileSync(page, 'utf8').matchAll(link)]
    assert.ok(links.length > 10, `${links.length} links`)
    for (const [, path = '', , title = ''] of links) {
      const file = join(dirname(page), path)
      assert.ok(readFileSync(file, 'utf8').includes(`${title}'`), `${file} has no test "${title}"`)
    }
  })
}
