import { readFile } from 'node:fs/promises'

import { build } from 'esbuild'

/** The files of the page, by the names under which its `index.html` refers to them. */
export interface PageFiles {
  readonly 'index.html': string
  readonly 'page.js': string
  readonly 'page.css': string
}

/** Bundles the page of `gwh ui` (src/page) for browsers of the last two years. It loads nothing from elsewhere. */
export async function bundlePage(): Promise<PageFiles> {
  const { outputFiles } = await build({
    entryPoints: { page: 'src/page/main.tsx', 'page-style': 'src/page/page.css' },
    outdir: 'page',
    bundle: true,
    format: 'esm',
    target: ['es2023', 'chrome120', 'firefox121', 'safari17.2'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'eof',
    write: false,
    logLevel: 'warning',
  })
  const textOf = (end: string) => {
    const file = outputFiles.find(({ path }) => path.endsWith(end))
    if (file === undefined) throw new Error(`the bundle of the page has no ${end}`)
    return file.text
  }
  return {
    'index.html': await readFile('src/page/index.html', 'utf8'),
    'page.js': textOf('page.js'),
    'page.css': textOf('page-style.css'),
  }
}
