import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'

/** A fenced block of a page, with the headings that it stands below. */
export interface PageBlock {
  headings: string[]
  language: string
  text: string
}

/** Every fenced block of a Markdown page, in order. */
export function blocksOf(page: string): PageBlock[] {
  const blocks: PageBlock[] = []
  let headings: string[] = []
  let open: PageBlock | undefined
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const fence = /^```(\w*)$/.exec(line)
    const heading = /^(#+) (.+)$/.exec(line)
    if (fence !== null && open === undefined) open = { headings, language: fence[1] ?? '', text: '' }
    else if (fence !== null && open !== undefined) {
      blocks.push(open)
      open = undefined
    } else if (open !== undefined) open.text += `${line}\n`
    else if (heading !== null) headings = [...headings.slice(0, (heading[1] ?? '').length - 1), heading[2] ?? '']
  }
  return blocks
}

export interface Checkout {
  /**
   * Runs a shell block as somebody would who pasted it; stops at the first command that fails. Answers what it printed,
   * throws with that when it failed.
   */
  run(block: string): string
  write(path: string, text: string): void
  read(path: string): string
  remove(): void
}

interface CheckoutOptions {
  kubeconfigPath: string
  /** What `kubectl`, `helm` and so on are here. */
  programs: Readonly<Record<string, string>>
  env: Readonly<Record<string, string>>
  /** What is copied of the repository; by default what an installation needs. */
  parts?: readonly string[]
  /** What is too large to be copied and is only read. */
  links?: readonly string[]
}

/**
 * What a reader of the page has before them: the files that ship, the programs, a cluster. A copy, so that commands may
 * write.
 */
export function makeCheckout(options: CheckoutOptions): Checkout {
  const { kubeconfigPath, programs, env, parts = ['charts', 'crds', 'deploy', 'overlays'], links = [] } = options
  const root = mkdtempSync(join(tmpdir(), 'gwh-page-'))
  const folder = join(root, 'checkout')
  const bin = join(root, 'bin')
  mkdirSync(bin)
  for (const part of parts) cpSync(part, join(folder, part), { recursive: true })
  for (const part of links) symlinkSync(resolve(part), join(folder, part))
  for (const [name, path] of Object.entries(programs)) symlinkSync(path, join(bin, name))
  const path = [bin, process.env['PATH'] ?? ''].join(delimiter)
  return {
    run(block) {
      const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', block], {
        cwd: folder,
        env: { ...env, PATH: path, HOME: root, KUBECONFIG: kubeconfigPath },
        encoding: 'utf8',
        timeout: 120_000,
      })
      if (status !== 0) throw new Error(`${block}\nended with ${String(status)}:\n${stderr}${stdout}`)
      return stdout
    },
    write(name, text) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
