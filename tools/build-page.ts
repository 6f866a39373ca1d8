import { build } from 'esbuild'

import type { PageFile } from '../src/ui/server/page-file.ts'

/** No inline script and no inline style: the Content-Security-Policy refuses both. */
const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>gemini webhooks</title>
    <link rel="stylesheet" href="page.css" />
    <script type="module" src="page.js"></script>
  </head>
  <body>
    <noscript>This page needs JavaScript; "gwh status" and "gwh doctor" say the same in a terminal.</noscript>
    <div id="page"></div>
  </body>
</html>
`

/** The page of `gwh ui`, bundled: one HTML file, one script, one style sheet, nothing from outside. */
export async function buildPage(): Promise<PageFile[]> {
  const { outputFiles } = await build({
    entryPoints: { page: 'src/page/main.tsx', style: 'src/page/page.css' },
    absWorkingDir: new URL('..', import.meta.url).pathname,
    outdir: 'out',
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    target: ['chrome111', 'firefox114', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const ending = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  return [
    { name: '', contentType: 'text/html; charset=utf-8', text: html },
    { name: 'page.js', contentType: 'text/javascript; charset=utf-8', text: ending('/page.js') },
    { name: 'page.css', contentType: 'text/css; charset=utf-8', text: ending('/style.css') },
  ]
}
