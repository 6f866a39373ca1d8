import { readFile } from 'node:fs/promises'

import { readSwitches } from '../../../playground/webhook-service/read-switches.ts'
import type { SwitchChanges } from '../../../playground/webhook-service/switches.ts'
import type { SandboxConfig } from '../../config/sandbox-config.ts'
import { isRecord, recordIn } from '../../is-record.ts'

/**
 * The switches that a file of `gwh conformance` names, and those of the command line, which count more. Throws with the
 * setting, and what is wrong with it.
 */
export async function chosenSwitches({
  switches,
  switchesFile,
}: Pick<SandboxConfig, 'switches' | 'switchesFile'>): Promise<SwitchChanges> {
  const fromFile = switchesFile === undefined ? [] : switchesIn(await readFile(switchesFile, 'utf8'), switchesFile)
  return { ...readSwitches(fromFile), ...readSwitches(switches) }
}

/** As a command line names them. */
function switchesIn(text: string, file: string): string[] {
  const found = recordIn(text)['switches']
  if (!isRecord(found)) {
    throw new Error(`switches-file: ${file} has no switches: name a file that "gwh conformance --file" wrote`)
  }
  return Object.entries(found).map(([name, setting]) => `${name}=${String(setting)}`)
}
