import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { bundlePage } from '../../../tools/bundle-page.ts'

/** All that a browser loads. */
const maxGzippedBytes = 150_000

test('the page is at most 150 kB gzipped, and names nothing outside of itself', async (t) => {
  const files = Object.entries(await bundlePage())
  const sizes = files.map(([name, text]) => ({ name, bytes: gzipSync(text).length }))
  for (const { name, bytes } of sizes) t.diagnostic(`${name}: ${bytes} bytes gzipped`)
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  assert.ok(total > 10_000 && total <= maxGzippedBytes, `${total} bytes`)
  for (const [name, text] of files) {
    assert.doesNotMatch(text, /\bsrc=["']https?:|url\(["']?(https?:|data:)|@import|\bimport\(/, name)
    assert.doesNotMatch(text, /\b(eval|Function)\(/, name)
  }
})

test('its HTML has no script, no style and no handler of its own: the policy would refuse them', async () => {
  const { 'index.html': html } = await bundlePage()
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)[^>]*>/)
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=/)
})
