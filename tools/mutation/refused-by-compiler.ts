import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { mutated, type Survivor } from './survivors.ts'

const copied = ['bench', 'demo', 'playground', 'src', 'test', 'tools', 'package.json', 'tsconfig.json']

/**
 * Those of the survivors that the compiler refuses, such as a dropped `?.`: they could never be written, so they are
 * none. Stryker's own check of types asks TypeScript for an interface that version 7 does not have. Compiles a copy of
 * the tree, one survivor of each file at a time.
 */
export function refusedByCompiler(root: string, survivors: readonly Survivor[]): ReadonlySet<Survivor> {
  const refused = new Set<Survivor>()
  if (survivors.length === 0) return refused
  const copy = copyOf(root)
  try {
    const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8')
    for (const round of roundsOf(survivors)) {
      for (const survivor of round) writeFileSync(join(copy, survivor.file), mutated(sourceOf(survivor.file), survivor))
      const { stdout } = spawnSync(
        join(root, 'node_modules/.bin/tsc'),
        ['--noEmit', '-p', join(copy, 'tsconfig.json')],
        {
          cwd: copy,
          encoding: 'utf8',
        },
      )
      const lines = stdout.split('\n')
      for (const survivor of round) {
        if (lines.some((line) => line.startsWith(`${survivor.file}(`))) refused.add(survivor)
        writeFileSync(join(copy, survivor.file), sourceOf(survivor.file))
      }
    }
  } finally {
    rmSync(copy, { recursive: true })
  }
  return refused
}

/** An error in a file is blamed on the one change in it. */
function roundsOf(survivors: readonly Survivor[]): Survivor[][] {
  const rounds: Survivor[][] = []
  for (const survivor of survivors) {
    const free = rounds.find((round) => round.every(({ file }) => file !== survivor.file))
    if (free === undefined) rounds.push([survivor])
    else free.push(survivor)
  }
  return rounds
}

function copyOf(root: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'gwh-mutants-'))
  for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true, filter: isOurs })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

const isOurs = (path: string) => !path.includes('node_modules')
