import * as z from 'zod'

import { isPingType, jobEventTypes } from '../gemini/known-event-types.ts'
import type { Setting } from './setting.ts'

/** Far more than Google has types of events. */
const maxAliases = 64

const form = /^([A-Za-z0-9_.-]{1,128})=([a-z0-9_]+(?:\.[a-z0-9_]+)*)$/

const entry = z.string().transform((text, context): readonly [alias: string, name: string] => {
  const [, alias, name] = form.exec(text) ?? []
  if (alias !== undefined && name !== undefined && name.length <= 128) return [alias, name]
  context.addIssue({
    code: 'custom',
    message:
      'is no alias such as batch.completed=batch.succeeded: the name that Google uses, =, and the name that is meant',
  })
  return z.NEVER
})

const schema = z
  .array(entry)
  .max(maxAliases, `has more than ${maxAliases} entries`)
  .superRefine((entries, context) => {
    const aliases = new Set<string>()
    for (const [at, [alias]] of entries.entries()) {
      if (aliases.has(alias)) {
        context.addIssue({ code: 'custom', path: [at], message: `names ${alias} a second time; leave one out` })
      }
      aliases.add(alias)
    }
    for (const [at, [alias, name]] of entries.entries()) {
      const message = wrongIn(alias, name, aliases)
      if (message !== undefined) context.addIssue({ code: 'custom', path: [at], message })
    }
  })
  .transform((entries): ReadonlyMap<string, string> => new Map(entries))

/** Why the alias would hide events under a name that nothing looks for; undefined where it does not. */
function wrongIn(alias: string, name: string, aliases: ReadonlySet<string>): string | undefined {
  if (aliases.has(name))
    return `leads from ${alias} to ${name}, which is an alias itself; write the name that it stands for`
  if (jobEventTypes.has(alias))
    return `gives another name to ${alias}, which is known as it is; before the = stands the name that is new at Google`
  if (jobEventTypes.has(name) || isPingType(name)) return undefined
  return `leads from ${alias} to ${name}, which is no known event; known are ping, ${[...jobEventTypes].join(', ')}`
}

const eventAliases: Setting<ReadonlyMap<string, string>> = {
  group: 'Events',
  help: 'Names that Google gives to events that are known under another one, as NAME=KNOWN, such as batch.completed=batch.succeeded. Filters, routes, transforms and CloudEvents then see the known name; the bytes that Google sent stay as they are. Must be the same for controller and receiver.',
  placeholder: 'NAME=KNOWN,...',
  shape: 'list',
  schema,
  presence: { type: 'default', text: '' },
}

/** How events are named that have got another name at Google. */
export const eventAliasSettings = { eventAliases } as const
