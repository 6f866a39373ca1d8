// Runs a command on the project's own Node, installing it first where needed. Plain JavaScript on purpose: this file
// has to work as the first command in a fresh clone under any Node from 18 up, before anything is installed.
//
//   node tools/bootstrap.mjs COMMAND [ARG ...]
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, 'node_modules', '.installed-lockfile')

/**
 * Install again only when the lockfile differs from the one that was installed: `npm ci` empties node_modules first.
 */
function installWhenNeeded() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : ''
  if (installed === wanted) return
  process.stderr.write('Installing the locked dependencies, Node included (once, about half a minute) ...\n')
  const progress = process.stderr.isTTY ? 'true' : 'false'
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', `--progress=${progress}`], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) {
    process.stderr.write('npm ci failed: the lines above say why. Nothing was run.\n')
    process.exit(status ?? 1)
  }
  writeFileSync(stampFile, wanted)
}

installWhenNeeded()
const [command, ...args] = process.argv.slice(2)
if (command === undefined) {
  process.stderr.write('usage: node tools/bootstrap.mjs COMMAND [ARG ...]\n')
  process.exit(2)
}
const bin = join(root, 'node_modules', '.bin')
// What Node has compiled once it need not compile for each of some hundred test files: a quarter of their time.
const compileCache = process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'node')
const { status, signal } = spawnSync(command, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, NODE_COMPILE_CACHE: compileCache },
})
process.exit(signal === null ? (status ?? 1) : 1)
