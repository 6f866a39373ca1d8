import { request, type Dispatcher } from 'undici'

import { unwatchedAgent } from './http-traffic.ts'

/** Posts a delivery for which no test on a clock that stands still waits. Resolves with the status of the answer. */
export async function postUnwatched(
  url: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
  dispatcher: Dispatcher,
): Promise<number> {
  const sent = { method: 'POST', dispatcher, headers: { ...headers, 'user-agent': unwatchedAgent }, body } as const
  const answer = await request(url, sent)
  await answer.body.dump()
  return answer.statusCode
}
