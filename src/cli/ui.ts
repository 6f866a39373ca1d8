import { boolean, port } from '../config/setting-types.ts'
import type { ConfigOf } from '../config/setting.ts'
import { googleSettings } from '../config/shared-settings.ts'
import { visit } from './shared-settings.ts'
import { userCommand, type InstallationWithPage, type UserCommandDeps } from './user-command.ts'

const settings = {
  port: port({ group: 'Page', help: 'Port on 127.0.0.1; 0 takes a free one.', default: '0' }),
  probe: boolean({
    group: 'Page',
    help: 'Also test the public addresses of webhooks that are looked at from here, as "gwh status" does.',
    default: 'true',
  }),
  healthPort: port({
    group: 'Page',
    help: "The controllers' healthPort, where the call budget is read.",
    default: '9090',
  }),
  namespace: visit.namespace,
  kubeconfig: visit.kubeconfig,
  adminPort: visit.adminPort,
  output: visit.output,
  ...googleSettings,
} as const
type UiCommandConfig = ConfigOf<typeof settings>

/** `gwh ui`: until it is interrupted. */
export const ui = userCommand({
  name: 'ui',
  summary: 'Show the installation as a live page in the browser, for you alone.',
  about:
    'Serves a page on this machine that shows webhooks, deliveries and what needs attention, live, and does there what the commands do, with the rights of the ' +
    'user of the kubeconfig and no others. It prints the address, whose token lets a browser in until the command is interrupted.',
  example: 'gwh ui',
  settings,
  run: servePage,
})

async function servePage(
  config: UiCommandConfig,
  _names: readonly string[],
  { out, err, ui: open }: Pick<UserCommandDeps & InstallationWithPage, 'out' | 'err' | 'ui'>,
): Promise<number> {
  const { url } = await open(config)
  out(config.output === 'json' ? `${JSON.stringify({ url })}\n` : `${url}\n`)
  err('gwh ui: open this address in a browser on this machine; Ctrl-C ends the page\n')
  return new Promise(() => {})
}
