import { apiServer } from '../live/state.ts'
import { Empty, Loading } from './basics.tsx'

/** In place of what follows from the objects, before they were listed: they may still come, or they cannot. */
export function NotListed({ what }: { what: string }) {
  const { state } = apiServer.value
  if (state === 'Forbidden' || state === 'NoCRD')
    return <Empty title="○ Not known">GeminiWebhooks could not be listed: the notice above says why.</Empty>
  return <Loading what={what} />
}
