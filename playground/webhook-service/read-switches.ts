import { switchesSchema, type SwitchChanges } from './switches.ts'

/** Switches as a command line names them, `NAME=VALUE` each. Throws with the name, and what it may be. */
export function readSwitches(texts: readonly string[]): SwitchChanges {
  // Each was read with the schema of its own name.
  return Object.fromEntries(texts.map(readSwitch))
}

function readSwitch(text: string): [string, unknown] {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  const schema = Object.entries(switchesSchema.shape).find(([known]) => known === name)?.[1]
  if (schema === undefined) {
    throw new Error(`switches: there is no switch "${name}": docs/reference/simulated-webhook-service.md lists them`)
  }
  const candidates = [/^\d{1,15}$/.test(value) ? Number(value) : value, value]
  const fitting = candidates.find((candidate) => schema.safeParse(candidate).success)
  if (fitting === undefined) {
    const { error } = schema.safeParse(value)
    throw new Error(`switches: ${name}=${value}: ${error?.issues[0]?.message ?? 'is not one of its values'}`)
  }
  return [name, fitting]
}
