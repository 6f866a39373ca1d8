import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { build, type BuildOptions, type Metafile, type Plugin } from 'esbuild'

import type { PageFiles } from '../src/ui/server/page-files.ts'
import { buildPage } from './bundle-page.ts'

/**
 * Programs in the bundle, by the name of their file. The inbox and the filters run in worker threads, which need files
 * of their own.
 */
const entryPoints = {
  gwh: 'src/main.ts',
  'inbox-worker': 'src/inbox/sqlite/worker.ts',
  'filter-worker': 'src/filter/worker.ts',
}

/** Some packages are CommonJS and call `require` for Node's own modules, which an ES module does not have. */
const requireBanner = `import { createRequire as gwhCreateRequire } from 'node:module'; const require = gwhCreateRequire(import.meta.url);`

/** The program carries the page in itself, as text, and not the tools that bundle it. */
function pageInside(files: PageFiles): Plugin {
  const contents = `export const readPageFiles = async () => (${JSON.stringify(files)})`
  return {
    name: 'page-inside',
    setup(build) {
      build.onLoad({ filter: /src\/ui\/server\/read-page-files\.ts$/ }, () => ({ contents, loader: 'js' }))
    },
  }
}

interface BundleOptions {
  outdir: string
  sourceMaps?: boolean
}

const commonOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  minify: true,
  // Of the client of Kafka: the same code with its WebAssembly in it, in place of a file beside it.
  alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
  keepNames: true,
  metafile: true,
  // Packages have the names of the lockfile also where node_modules is a link to another checkout's.
  preserveSymlinks: true,
  logLevel: 'warning',
} as const satisfies BuildOptions

/**
 * Bundles the programs into `outdir` (emptied before): split at the dynamic imports of main.ts, so that a role loads
 * only its own code. The result needs no node_modules; source maps lie beside it and are not referred to.
 */
export async function bundle({ outdir, sourceMaps = true }: BundleOptions): Promise<Metafile> {
  rmSync(outdir, { recursive: true, force: true })
  const page = await buildPage()
  const { metafile } = await build({
    ...commonOptions,
    entryPoints,
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    splitting: true,
    format: 'esm',
    sourcemap: sourceMaps && 'external',
    legalComments: 'linked',
    banner: { js: requireBanner },
    plugins: [pageInside(page.files)],
  })
  chmodSync(join(outdir, 'gwh.mjs'), 0o755)
  // What is in the page is in the program.
  return { ...metafile, inputs: { ...metafile.inputs, ...page.inputs } }
}

/**
 * The same programs into `outdir` as a single executable takes them: each in one file, `gwh.cjs` and one ES module per
 * worker thread. Nothing of one role is evaluated before that role is asked for.
 */
export async function bundleWhole(outdir: string): Promise<Metafile> {
  const { gwh, ...workers } = entryPoints
  const page = await buildPage()
  const options = { ...commonOptions, outdir, legalComments: 'none' } as const
  const program = await build({
    ...options,
    entryPoints: { gwh },
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    // A script has no address; src/program-file.ts does without one in an executable.
    define: { 'import.meta.url': '"executable:///"' },
    plugins: [pageInside(page.files)],
  })
  const threads = Object.entries(workers).map(([name, source]) =>
    build({
      ...options,
      entryPoints: { [name]: source },
      outExtension: { '.js': '.mjs' },
      format: 'esm',
      // A thread's program is passed on as text, which would else stand in every line of a stack trace.
      footer: { js: `//# sourceURL=${name}.mjs` },
    }),
  )
  const all = [program, ...(await Promise.all(threads))].map(({ metafile }) => metafile)
  return {
    inputs: Object.assign({}, page.inputs, ...all.map(({ inputs }) => inputs)) as Metafile['inputs'],
    outputs: Object.assign({}, ...all.map(({ outputs }) => outputs)) as Metafile['outputs'],
  }
}

export interface LoadedCode {
  /** What is loaded: a program, or a role of it. */
  name: string
  bytes: number
  /** Source files in it. */
  inputs: string[]
}

/** How much each program loads at once, and each role on top: the files that its imports reach. */
export function loadedCode({ outputs }: Metafile): LoadedCode[] {
  const roots = Object.entries(outputs).filter(([, output]) => output.entryPoint !== undefined)
  return roots.map(([path, output]) => {
    const reached = new Set<string>()
    const visit = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      const imports = outputs[file]?.imports ?? []
      imports
        .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
        .forEach((next) => visit(next.path))
    }
    visit(path)
    const files = [...reached].map((file) => outputs[file]).filter((file) => file !== undefined)
    return {
      name: output.entryPoint ?? path,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      inputs: files.flatMap((file) => Object.keys(file.inputs)),
    }
  })
}
