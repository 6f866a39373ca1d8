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
    const anchors = anchorsOf(text)
    const links = [...text.matchAll(/\]\(#([^)\s]+)\)/g)].map((match) => match[1] ?? '')
    return links.filter((link) => !anchors.has(link)).map((link) => `${page}: #${link}`)
  })
  assert.deepEqual(missing, [])
})

test('every anchor into another page exists', () => {
  const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'])
  const missing = pages.flatMap((page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#:]+\.md)#([^)\s]+)\)/g)]
    return links.flatMap(([, file = '', anchor = '']) => {
      const target = join(dirname(page), file)
      return anchorsOf(readFileSync(target, 'utf8')).has(anchor) ? [] : [`${page}: ${file}#${anchor}`]
    })
  })
  assert.deepEqual(missing, [])
})

/** Whoever begins at the index finds every page: named there, or in the index of its folder, which is named there. */
test('every page of docs is within one click of docs/README.md, or of the index of its folder', () => {
  const top = 'docs/README.md'
  const indices = globSync('docs/*/README.md').filter((index) => linksOf(top).includes(index))
  const found = new Set([top, ...linksOf(top), ...indices.flatMap(linksOf)])
  const lost = globSync('docs/**/*.md').filter((page) => !found.has(page))
  assert.deepEqual(lost, [])
})

/** The files that a page leads to. */
function linksOf(page: string): string[] {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s#:]+)(?:#[^)\s]*)?\)/g)]
  return links.map(([, file = '']) => join(dirname(page), file))
}

function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => slugOf(match[1] ?? ''))
  return new Set([...headings, ...[...text.matchAll(/id="([^"]+)"/g)].map((match) => match[1] ?? '')])
}

/** As GitHub makes them. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}
