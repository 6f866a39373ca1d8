import { completeCommand } from './completion/complete.ts'
import { completion } from './completion/completion.ts'
import { conformance } from './conformance/conformance.ts'
import { deadLetters } from './deliveries/deadletters.ts'
import { delivered } from './deliveries/delivered.ts'
import { deliveries } from './deliveries/deliveries.ts'
import { drain } from './deliveries/drain.ts'
import { inbox } from './deliveries/inbox.ts'
import { listen } from './deliveries/listen.ts'
import { replay } from './deliveries/replay.ts'
import { retry } from './deliveries/retry.ts'
import { validate } from './files/validate.ts'
import { verify } from './files/verify.ts'
import { doctor } from './installation/doctor.ts'
import { pause } from './installation/pause.ts'
import { resume } from './installation/resume.ts'
import { version } from './installation/version.ts'
import { orphans } from './orphans/orphans.ts'
import type { Command } from './run-command.ts'
import { ui } from './ui.ts'
import { uninstall } from './uninstall/uninstall.ts'
import type { InstallationWithPage } from './user-command.ts'
import { backfill } from './webhook/backfill.ts'
import { importing } from './webhook/import.ts'
import { ping } from './webhook/ping.ts'
import { rotate } from './webhook/rotate.ts'
import { send } from './webhook/send.ts'
import { status } from './webhook/status.ts'

/** The commands for people, in the order of the program's help. */
const all = [
  ui,
  status,
  doctor,
  ping,
  rotate,
  backfill,
  send,
  importing,
  inbox,
  deadLetters,
  delivered,
  deliveries,
  retry,
  replay,
  drain,
  listen,
  orphans,
  pause,
  resume,
  uninstall,
  validate,
  verify,
  conformance,
  version,
  completion,
]

/** Every variable that some of them reads. */
const variables = new Set(all.flatMap((command) => [...command.variables]))

/**
 * The commands that people run against an installation, and the hidden one that completes them; `roles`: what the
 * program has besides.
 */
export function userCommands(installation: InstallationWithPage, roles: readonly Command[] = []): Command[] {
  const commands = all.map((command) => command.on(installation, variables))
  return [...commands, completeCommand(() => [...commands, ...roles], installation)]
}
