import assert from 'node:assert/strict'
import { test } from 'node:test'

import { loadedFromElsewhere } from '../../../site/loaded-from-elsewhere.ts'

const cases: readonly [path: string, text: string, want: string[]][] = [
  ['a.html', '<link rel="stylesheet" href="https://fonts.example.com/a.css">', ['https://fonts.example.com/a.css']],
  ['a.html', '<script async src="//cdn.example.com/a.js"></script>', ['//cdn.example.com/a.js']],
  ['a.html', '<img alt="x" src="https://a.example.com/b.png">', ['https://a.example.com/b.png']],
  ['a.html', '<style>@import "https://a.example.com/b.css"</style>', ['https://a.example.com/b.css']],
  ['a.html', '<a href="https://example.com">read</a><script src="/assets/a.js"></script>', []],
  ['a.css', 'body { background: url(https://a.example.com/b.png) }', ['https://a.example.com/b.png']],
  ['a.css', 'body { background: url("/assets/b.png") }', []],
  ['a.js', 'const a = await import("https://a.example.com/b.js")', ['https://a.example.com/b.js']],
  ['a.js', 'const a = "https://example.com/a page that a reader may open"', []],
]

for (const [path, text, want] of cases) {
  test(`${path}: ${text}`, () => assert.deepEqual(loadedFromElsewhere(path, text), want))
}
