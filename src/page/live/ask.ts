import { pageAddresses, pageHeader, type PageError } from '../../contract/page/addresses.ts'
import type { ActionRequest, ActionResult } from '../../contract/page/actions.ts'

/** An answer of the server, or what was wrong in words for the person. */
export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly status: number; readonly error: string }

type Query = Readonly<Record<string, string | undefined>>

/** Reads from the server. Does not throw: what went wrong is in the answer. */
export function ask<T>(address: string, query: Query = {}, signal?: AbortSignal): Promise<Answer<T>> {
  const given = Object.entries(query).filter((field): field is [string, string] => field[1] !== undefined)
  const search = new URLSearchParams(given.filter(([, value]) => value !== '')).toString()
  return answerOf(fetch(search === '' ? address : `${address}?${search}`, signal === undefined ? {} : { signal }))
}

/** Does something, once. */
export function act(request: ActionRequest): Promise<Answer<ActionResult>> {
  return send(pageAddresses.act, request)
}

export function send<T>(address: string, body: object): Promise<Answer<T>> {
  const headers = { 'content-type': 'application/json', [pageHeader]: '1' }
  return answerOf(fetch(address, { method: 'POST', headers, body: JSON.stringify(body) }))
}

async function answerOf<T>(asked: Promise<Response>): Promise<Answer<T>> {
  try {
    const response = await asked
    const value = (await response.json()) as T & Partial<PageError>
    if (response.ok) return { ok: true, value }
    return { ok: false, status: response.status, error: value.error ?? `the server answered ${response.status}` }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ok: false, status: 0, error: `gwh ui does not answer (${why}): is it still running?` }
  }
}
