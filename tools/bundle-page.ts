import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { build, type Metafile } from 'esbuild'

import type { PageFiles } from '../src/ui/server/page-files.ts'

/** Wherever the process was started. */
const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Bundles the page of `gwh ui` (src/page) for browsers of the last two years. It loads nothing from elsewhere.
 * `inputs`: what is in it.
 */
export async function buildPage(): Promise<{ files: PageFiles; inputs: Metafile['inputs'] }> {
  const { outputFiles, metafile } = await build({
    entryPoints: { page: 'src/page/main.tsx', 'page-style': 'src/page/page.css' },
    absWorkingDir: root,
    outdir: 'page',
    bundle: true,
    format: 'esm',
    target: ['es2023', 'chrome120', 'firefox121', 'safari17.2'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'eof',
    write: false,
    metafile: true,
    preserveSymlinks: true,
    logLevel: 'warning',
  })
  const textOf = (end: string) => {
    const file = outputFiles.find(({ path }) => path.endsWith(end))
    if (file === undefined) throw new Error(`the bundle of the page has no ${end}`)
    return file.text
  }
  const files = {
    'index.html': await readFile(`${root}src/page/index.html`, 'utf8'),
    'page.js': textOf('page.js'),
    'page.css': textOf('page-style.css'),
    'icon.svg': await readFile(`${root}src/page/icon.svg`, 'utf8'),
  }
  return { files, inputs: metafile.inputs }
}

/** Its files alone. */
export async function bundlePage(): Promise<PageFiles> {
  return (await buildPage()).files
}
