import { namesOf } from './names.ts'
import { validateSettings, verifySettings } from './offline-settings.ts'
import type { SettingsTable } from './setting.ts'
import type { Environment } from './sources.ts'
import {
  deadLettersSettings,
  drainSettings,
  inboxSettings,
  listenSettings,
  orphansSettings,
  replaySettings,
} from './user-settings.ts'
import {
  doctorSettings,
  importSettings,
  pingSettings,
  rotateSettings,
  sendSettings,
  statusSettings,
} from './webhook-command-settings.ts'

/** The settings of every command for people. */
export const commandSettings = {
  deadLetters: deadLettersSettings,
  doctor: doctorSettings,
  drain: drainSettings,
  import: importSettings,
  inbox: inboxSettings,
  listen: listenSettings,
  orphans: orphansSettings,
  ping: pingSettings,
  replay: replaySettings,
  rotate: rotateSettings,
  send: sendSettings,
  status: statusSettings,
  validate: validateSettings,
  verify: verifySettings,
} as const

const variablesIn = (table: SettingsTable) => Object.keys(table).map((property) => namesOf(property).env)

/** Every variable that some command for people reads. */
const variables = new Set(Object.values(commandSettings).flatMap(({ settings }) => variablesIn(settings)))

/** What one command sees of a shell's environment: without what is exported for others. What no command knows stays, and is refused as a mistake. */
export function environmentFor(table: SettingsTable, env: Environment): Environment {
  const own = new Set(variablesIn(table))
  return Object.fromEntries(Object.entries(env).filter(([name]) => own.has(name) || !variables.has(name)))
}
