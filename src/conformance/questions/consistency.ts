import { isOk, textIn } from '../api.ts'
import { found, unknown, type Finding } from '../finding.ts'
import type { OwnWebhook } from '../own-webhooks.ts'
import { change, undisturbed, type Question, type Session } from '../session.ts'

const pollMs = 100
const longestMs = 60_000

/** How soon reads show what was written, in both versions. */
export const consistencyQuestion: Question = {
  switches: ['apiVersions', 'readLagMs', 'listLagMs'],
  async ask(session) {
    const webhook = await session.own.create({ version: 'v1' })
    const path = `webhooks/${encodeURIComponent(webhook.id)}`
    const isShown = async (version: 'v1' | 'v1beta') => isOk(await session.api({ method: 'GET', path, version }))
    await measure(session, () => isShown('v1'))
    const isShared = await isShown('v1beta')
    const versions = found(
      'apiVersions',
      isShared ? 'oneStore' : 'twoStores',
      `a webhook made under v1 is ${isShared ? '' : 'not '}shown under v1beta`,
    )
    const read = await rename(session, webhook, async (name) => {
      return textIn((await session.api({ method: 'GET', path })).body, 'name') === name
    })
    const listed = await rename(session, webhook, async (name) => {
      return (await session.own.list('v1')).some((each) => each.id === webhook.id && each.name === name)
    })
    return [versions, judgeLag('readLagMs', 'a read', read), judgeLag('listLagMs', 'a list', listed)]
  },
}

/** Milliseconds until a new name is shown. */
function rename(session: Session, webhook: OwnWebhook, isShown: (name: string) => Promise<boolean>) {
  return undisturbed(session, async () => {
    const { name } = session.own.next()
    await change(session, webhook, { name })
    return measure(session, () => isShown(name))
  })
}

/** Milliseconds until it is so; 0: at once; undefined: not within a minute. */
async function measure({ clock, wait }: Session, isSo: () => Promise<boolean>): Promise<number | undefined> {
  const startMs = clock.now()
  for (let looks = 1; ; looks++) {
    if (await isSo()) return looks === 1 ? 0 : Math.round(clock.now() - startMs)
    if (clock.now() - startMs > longestMs) return undefined
    await wait(pollMs)
  }
}

function judgeLag(name: string, what: string, lagMs: number | undefined): Finding {
  if (lagMs === undefined) return unknown(name, `${what} did not show a change within ${longestMs / 1000} s`)
  return found(name, lagMs, lagMs === 0 ? `${what} showed a change at once` : `${what} showed it after ${lagMs} ms`)
}
