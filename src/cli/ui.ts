import type { ConfigOf } from '../config/setting.ts'
import { uiSettings } from '../config/ui-config.ts'
import { printedAs } from './print-as.ts'
import { output } from './shared-settings.ts'
import { userCommand, type InstallationWithPage, type UserCommandDeps } from './user-command.ts'

const settings = { ...uiSettings, output } as const
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
  { out, err, ui: open }: UserCommandDeps & InstallationWithPage,
): Promise<number> {
  const { url } = await open(config)
  out(printedAs(config.output, { value: { url }, text: () => `${url}\n` }))
  err('gwh ui: open this address in a browser on this machine; Ctrl-C ends the page\n')
  // The signal ends the process: there is nothing to put in order.
  return new Promise(() => {})
}
