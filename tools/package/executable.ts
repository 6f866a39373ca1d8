import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where Node looks for a program in its own binary, and how it notices that there is one. */
const resource = 'NODE_SEA_BLOB'
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

const postject = fileURLToPath(import.meta.resolve('postject/dist/cli.js'))
const main = 'gwh.cjs'

/**
 * Node's preparation of the programs in `folder` (see bundleWhole), written to `blob`: `gwh.cjs` is what starts, every
 * other file an asset under its path below the folder. Without a code cache, so that it fits each architecture.
 */
export function prepareProgram(folder: string, blob: string): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
  const assets = Object.fromEntries(
    files
      .filter((file) => file !== main)
      .toSorted()
      .map((file) => [file, file]),
  )
  const config = resolve(`${blob}.json`)
  writeFileSync(config, JSON.stringify({ main, output: resolve(blob), disableExperimentalSEAWarning: true, assets }))
  // From within the folder: the path of the program becomes part of what is prepared, and would differ in every build.
  runQuietly(['--experimental-sea-config', config], folder)
}

/** Copies a Node binary, of any architecture, to `executable` and puts the prepared program into it. */
export function writeExecutable(nodeBinary: string, blob: string, executable: string): void {
  copyFileSync(nodeBinary, executable)
  chmodSync(executable, 0o755)
  runQuietly([postject, executable, resource, blob, '--sentinel-fuse', fuse])
}

/** Both tools print what is of no interest here, warnings about sections without a name included, unless they fail. */
function runQuietly(args: readonly string[], cwd = '.'): void {
  try {
    execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string }
    throw new Error(`package: node ${args.join(' ')} failed:\n${stderr}`, { cause })
  }
}
