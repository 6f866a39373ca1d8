import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const program = new URL('./append-until-killed.ts', import.meta.url).pathname

export interface DoomedProcess {
  driver: 'sqlite' | 'jetstream'
  /** The file, or the server. */
  place: string
  /** Of its event ids. */
  prefix: string
  /** Is told the id of each event whose delivery was written down as ended. */
  onEnded?: (eventId: string) => void
}

const endedMark = 'ended '

/** Runs the program until it has acknowledged `after` events, kills it, and returns all that it acknowledged. */
export async function appendThenKill(
  { driver, place, prefix, onEnded }: DoomedProcess,
  after: number,
): Promise<string[]> {
  const child = spawn(process.execPath, [program, driver, place, prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(endedMark)) {
      onEnded?.(line.slice(endedMark.length))
      continue
    }
    lines.push(line)
    if (lines.length === after) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  assert.equal(child.signalCode, 'SIGKILL', 'the process ran until it was killed')
  return lines
}
