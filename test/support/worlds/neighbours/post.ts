import { request, type Agent } from 'node:http'

/** Longer than a receiver may take for anything. */
const timeoutMs = 30_000

export interface Answer {
  /** 0: none came. */
  readonly status: number
  readonly ms: number
}

/** One delivery to a receiver; never rejects. */
export function post(
  { port, path, agent }: { port: number; path: string; agent: Agent },
  { headers, body }: { headers: Record<string, string>; body: Buffer },
): Promise<Answer> {
  const startedMs = performance.now()
  return new Promise((resolve) => {
    const end = (status: number) => resolve({ status, ms: performance.now() - startedMs })
    const sent = { ...headers, 'content-length': String(body.byteLength) }
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', headers: sent, agent, timeout: timeoutMs })
    call.once('response', (response) => response.resume().once('end', () => end(response.statusCode ?? 0)))
    call.once('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    call.once('error', () => end(0))
    call.end(body)
  })
}
