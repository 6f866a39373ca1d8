import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { startServerProcess, type ServerProcess } from './server-process.ts'

/** The sources that a role runs from. */
export interface Checkout {
  /** What tables call it. */
  readonly name: string
  readonly folder: string
}

export const thisCheckout: Checkout = { name: 'this checkout', folder: fileURLToPath(new URL('..', import.meta.url)) }

const roles = {
  receiver: { event: 'receiver.started', portKey: 'port' },
  controller: { event: 'controller.started', portKey: 'healthPort' },
} as const

export interface RolePlan {
  role: keyof typeof roles
  checkout: Checkout
  flags: readonly string[]
  logPath: string
  /** More flags of Node. */
  execArgv?: readonly string[]
}

/**
 * `gwh receiver` or `gwh controller` as it ships, through its command line and nothing else, so that any commit can be
 * measured, whatever its sources look like. The port: the receiver's public one, the controller's health server.
 */
export function startRole({ role, checkout, flags, logPath, execArgv = [] }: RolePlan): Promise<ServerProcess> {
  const path = join(checkout.folder, 'src/main.ts')
  return startServerProcess({ path, args: [role, ...flags], execArgv, logPath, started: roles[role] })
}
