import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a shell needs so that the commands of the docs work on a sandbox as they stand there. */
export interface ShellFacts {
  readonly kubeconfigPath: string
  readonly webhookServiceUrl: string
  readonly authorityPath: string
  /** The command line that runs `gwh`; absent: `gwh` is on PATH already. */
  readonly program: readonly string[] | undefined
}

/**
 * Writes a file for `. FILE` in sh, bash or zsh into the folder, and beside it the program that it puts on PATH: a
 * function of the shell would not be found by `xargs gwh`. Returns its path.
 */
export function writeShellFile(folder: string, facts: ShellFacts): string {
  const { program } = facts
  const binPath = join(folder, 'bin')
  if (program !== undefined) {
    mkdirSync(binPath, { recursive: true })
    writeFileSync(join(binPath, 'gwh'), `#!/bin/sh\nexec ${program.map(quoted).join(' ')} "$@"\n`, { mode: 0o755 })
  }
  const path = join(folder, 'shell')
  writeFileSync(path, shellFile(facts, program && binPath))
  return path
}

function shellFile({ kubeconfigPath, webhookServiceUrl, authorityPath }: ShellFacts, binPath: string | undefined) {
  const lines = [
    '# For a shell that works on this sandbox.',
    `export KUBECONFIG=${quoted(kubeconfigPath)}`,
    '# Google is simulated here, and the public endpoint has a certificate of its own authority.',
    `export GWH_GOOGLE_BASE_URL=${quoted(webhookServiceUrl)}`,
    `export GWH_TRUSTED_CA=${quoted(authorityPath)}`,
  ]
  return [...lines, ...(binPath === undefined ? [] : [`export PATH=${quoted(binPath)}:"$PATH"`]), ''].join('\n')
}

const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
