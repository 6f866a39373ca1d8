import { globSync, readFileSync } from 'node:fs'

import MarkdownIt from 'markdown-it'

/** A fenced block of a page. */
export interface DocBlock {
  page: string
  /** Of its first line below the fence, from 1. */
  line: number
  /** The first word after the fence; empty where there is none. */
  language: string
  /** What stands behind that word. */
  info: string
  text: string
}

/** A piece of code inside a sentence. */
export interface InlineCode {
  page: string
  line: number
  text: string
}

/** Every Markdown page that a reader of the repository may open. */
export const docPages = globSync('**/*.md', {
  exclude: ['**/node_modules', 'dist', 'packages', 'site/dist'],
}).toSorted()

const markdown = new MarkdownIt({ html: true })

/** What a page shows as code, as a renderer of Markdown finds it: fences in lists and indented code included. */
export function codeIn(page: string): { blocks: DocBlock[]; inline: InlineCode[] } {
  const blocks: DocBlock[] = []
  const inline: InlineCode[] = []
  let line = 0
  for (const token of markdown.parse(readFileSync(page, 'utf8'), {})) {
    line = (token.map?.[0] ?? line - 1) + 1
    if (token.type === 'fence' || token.type === 'code_block') {
      const [language = '', ...info] = token.info.trim().split(/\s+/)
      blocks.push({ page, line: line + 1, language, info: info.join(' '), text: token.content })
    }
    for (const child of token.children ?? [])
      if (child.type === 'code_inline') inline.push({ page, line, text: child.content })
  }
  return { blocks, inline }
}
