#!/usr/bin/env node
import { isSea } from 'node:sea'

import { endEarlyAsFirstProcess } from './end-early.ts'
import { endWithReader } from './end-with-reader.ts'

endEarlyAsFirstProcess(process)
endWithReader({ stdout: process.stdout, stderr: process.stderr, exit: (code) => process.exit(code) })
void start()

/** A function, because the single executable holds a CommonJS script, and such a one awaits nowhere else. */
async function start(): Promise<void> {
  // Only now the rest, which takes a hundred milliseconds to load and could not be stopped meanwhile.
  const { runProgram } = await import('./program.ts')
  process.exitCode = await runProgram({
    args: process.argv.slice(2),
    env: process.env,
    random: Math.random,
    host: process,
    program: isSea() ? [process.execPath] : process.argv.slice(0, 2),
  })
  // What a role leaves open by mistake must not keep a stopped pod in Terminating; the timer keeps nothing alive.
  setTimeout(() => process.exit(), 2000).unref()
}
