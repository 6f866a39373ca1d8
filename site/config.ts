import { globSync, readFileSync } from 'node:fs'

import { renderMermaidSVG } from 'beautiful-mermaid'
import { defineConfig } from 'vitepress'

import { linkOnSite, slugOf } from './repository-links.ts'
import { sidebarOf } from './sidebar.ts'

const { GWH_SITE_REPOSITORY: url = '', GWH_SITE_REF: ref = 'main' } = process.env
const repository = { url, ref }
const pages = new Map(
  globSync('**/*.md', { cwd: 'docs' })
    .toSorted()
    .map((path) => [path, readFileSync(`docs/${path}`, 'utf8')]),
)
const icon = readFileSync('src/page/icon.svg').toString('base64')
const indexed = (path: string) => path.replace(/(^|\/)README\.md$/, '$1index.md')
const original = (path: string) => path.replace(/(^|\/)index\.md$/, '$1README.md')

/** The site of the documentation: the pages of docs/ as they are. `tools/build-site.ts` builds it. */
export default defineConfig({
  title: 'gemini-webhook-operator',
  description: 'Gemini API webhooks on Kubernetes: registered, signed, verified, stored, delivered.',
  lang: 'en',
  srcDir: '../docs',
  outDir: '../dist/site',
  cacheDir: '../.cache/site',
  cleanUrls: true,
  rewrites: indexed,
  // A dead link fails the build.
  ignoreDeadLinks: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml;base64,${icon}` }]],
  themeConfig: {
    search: { provider: 'local' },
    sidebar: sidebarOf(pages),
    outline: [2, 3],
    nav: [
      { text: 'Conditions', link: '/reference/conditions' },
      { text: 'Runbooks', link: '/runbooks/' },
      { text: 'Repository', link: url },
    ],
  },
  markdown: {
    anchor: { slugify: slugOf },
    config(md) {
      // Runs before VitePress makes its own of a link.
      md.core.ruler.push('links-of-the-repository', ({ tokens, env }) => {
        const { relativePath = '' } = env as { relativePath?: string }
        for (const link of tokens.flatMap(({ children }) => children ?? []).filter(({ type }) => type === 'link_open'))
          link.attrSet('href', linkOnSite(link.attrGet('href') ?? '', original(relativePath), repository))
        // Vite takes a path without a dot for the name of a package.
        for (const html of tokens.filter(({ type }) => type === 'html_block'))
          html.content = html.content.replaceAll(/\b(src|srcset)="(?=[\w-]+\/)/g, '$1="./')
      })
      // VitePress compiles pages as templates; ours are none.
      md.renderer.rules.text = (tokens, at) =>
        md.utils.escapeHtml(tokens[at]?.content ?? '').replaceAll('{{', '&#123;&#123;')
      const fence = md.renderer.rules.fence
      md.renderer.rules.fence = (tokens, at, options, env, self) => {
        const token = tokens[at]
        if (token?.info.trim() === 'mermaid') return diagram(token.content)
        // Its highlighter does not know PromQL and CEL.
        if (token !== undefined && ['promql', 'cel', 'conf'].includes(token.info.trim())) token.info = 'text'
        return fence?.(tokens, at, options, env, self) ?? ''
      }
    },
  },
})

/** A picture for each of the two appearances: drawn at build time, so that no script has to be. */
function diagram(text: string): string {
  const appearances = [
    { name: 'in-light', bg: '#ffffff', fg: '#3c3c43' },
    { name: 'in-dark', bg: '#1b1b1f', fg: '#dfdfd6' },
  ]
  const pictures = appearances.map(({ name, bg, fg }) => {
    // It would ask a server for a font.
    const svg = renderMermaidSVG(text, { bg, fg, font: 'system-ui' }).replaceAll(/@import url\([^)]*\);?/g, '')
    const data = Buffer.from(svg).toString('base64')
    return `<img class="${name}" alt="Diagram" src="data:image/svg+xml;base64,${data}">`
  })
  return `<div class="diagram">${pictures.join('')}</div>\n`
}
