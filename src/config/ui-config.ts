import { boolean, optionalText, port } from './setting-types.ts'
import type { ConfigOf } from './setting.ts'
import { googleSettings } from './shared-settings.ts'
import { aNamespace, visitAll } from './user-settings.ts'

/** Settings of the page, for its command and for the playground. */
export const uiSettings = {
  port: port({ group: 'Page', help: 'Port on 127.0.0.1; 0 takes a free one.', default: '0' }),
  probe: boolean({
    group: 'Page',
    help: 'Also tests the public address of each webhook that is viewed from here, as "gwh status" does.',
    default: 'true',
  }),
  namespace: optionalText({
    ...aNamespace,
    help: 'Shows only the objects of this namespace. If it is not set, all objects that you may see are shown.',
    short: 'n',
    ignoresEnvironment: true,
  }),
  ...visitAll,
  healthPort: port({
    group: 'Controllers',
    help: "The controllers' healthPort, where the call budget is read.",
    default: '9090',
  }),
  ...googleSettings,
} as const

export type UiConfig = ConfigOf<typeof uiSettings>
