import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

/** A page that names the test which proves a promise is worth as much as the name is right. */
test('every relative link in a page leads to a file', () => {
  const pages = globSync(['*.md', 'docs/**/*.md', 'charts/**/*.md', 'examples/**/*.md'])
  const broken = pages.flatMap((page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '')
    const files = links.filter((link) => !/^([a-z]+:|#)/.test(link)).map((link) => link.replace(/#.*$/, ''))
    return files.filter((file) => !existsSync(join(dirname(page), file))).map((file) => `${page}: ${file}`)
  })
  assert.deepEqual(broken, [])
})

test('every anchor inside a page exists', () => {
  const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'])
  const missing = pages.flatMap((page) => {
    const text = readFileSync(page, 'utf8')
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => slugOf(match[1] ?? ''))
    const anchors = new Set([...headings, ...[...text.matchAll(/id="([^"]+)"/g)].map((match) => match[1] ?? '')])
    const links = [...text.matchAll(/\]\(#([^)\s]+)\)/g)].map((match) => match[1] ?? '')
    return links.filter((link) => !anchors.has(link)).map((link) => `${page}: #${link}`)
  })
  assert.deepEqual(missing, [])
})

/** As GitHub makes them. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
