import { useEffect, useState } from 'preact/hooks'

import { ask, type Answer } from './ask.ts'

export type Asked<T> = Answer<T> | undefined

/**
 * Asks the server, again whenever `again` changes and every `everyMs`; what was known stays until the new answer is
 * there. An answer that comes after the page has moved on is dropped.
 */
export function useAsked<T>(
  address: string,
  query: Readonly<Record<string, string | undefined>>,
  { again, everyMs }: { again: unknown; everyMs?: number },
): Asked<T> {
  const about = JSON.stringify([address, query])
  const [known, setKnown] = useState<{ about: string; answer: Answer<T> } | undefined>(undefined)
  useEffect(() => {
    const ended = new AbortController()
    const look = async () => {
      const answer = await ask<T>(address, query, ended.signal)
      if (!ended.signal.aborted) setKnown({ about, answer })
    }
    void look()
    const timer = everyMs === undefined ? undefined : setInterval(() => void look(), everyMs)
    return () => {
      ended.abort()
      clearInterval(timer)
    }
  }, [about, again, everyMs])
  return known?.about === about ? known.answer : undefined
}
