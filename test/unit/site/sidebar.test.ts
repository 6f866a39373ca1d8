import assert from 'node:assert/strict'
import { test } from 'node:test'

import { sidebarOf } from '../../../site/sidebar.ts'

const pages = new Map([
  ['README.md', '# Docs\n\n## Begin\n\n[later](b.md#x), [first](a.md), [b again](b.md), [out](../README.md)\n\n## Look up\n\n[one](reference/z.md)\n'],
  ['a.md', '# The `a` page\n'],
  ['b.md', '# B\n'],
  ['new.md', '# Nobody names me yet\n'],
  ['reference/z.md', '# Z\n'],
  ['reference/a.md', '# A\n'],
  ['adr/0001-x.md', '# X\n'],
  ['adr/README.md', '# Decisions\n'],
]) // prettier-ignore

test('the sidebar has the order of the index, then what it does not name, then the folders with their index first', () => {
  const shown = sidebarOf(pages).map(({ text, items }) =>
    [text].concat(items.map((item) => `${item.text} ${item.link}`)),
  )
  assert.deepEqual(shown, [
    ['Begin', 'B /b', 'The a page /a'],
    ['More', 'Nobody names me yet /new'],
    ['Reference', 'A /reference/a', 'Z /reference/z'],
    ['Decisions', 'Decisions /adr/', 'X /adr/0001-x'],
  ])
})

test('without an index every page is in it all the same', () => {
  const found = sidebarOf(new Map([...pages].filter(([path]) => path !== 'README.md'))).flatMap(({ items }) => items)
  assert.equal(found.length, pages.size - 1)
})
