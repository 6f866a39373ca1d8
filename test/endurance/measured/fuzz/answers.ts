import { answers } from '../../../../src/receiver/status-codes.ts'

const table = new Set<number>(Object.values(answers).map(({ status }) => status))
/** What Node sends by itself to whoever says `expect: 100-continue`; the answer follows. */
const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
const headEnd = '\r\n\r\n'
const maxRemembered = 4_096

export interface Answer {
  status: number
  closes: boolean
  /** What is wrong with it, by the rules of the public port. */
  problem?: string
}

/** Answers have no bodies, so that heads follow each other directly: anything else is a violation of its own. */
export class AnswerReader {
  #text = ''

  /** Bytes that belong to no answer. */
  get rest(): string {
    return this.#text
  }

  /** The answers that are complete now. */
  *take(chunk: string): Generator<Answer> {
    this.#text += chunk
    while (this.#text.startsWith(interim)) this.#text = this.#text.slice(interim.length)
    for (let end = this.#text.indexOf(headEnd); end >= 0; end = this.#text.indexOf(headEnd)) {
      const head = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + headEnd.length)
      yield judged(head)
      while (this.#text.startsWith(interim)) this.#text = this.#text.slice(interim.length)
    }
  }
}

/** Most heads differ by nothing, or by their date. */
const known = new Map<string, Answer>()

function judged(head: string): Answer {
  const remembered = known.get(head)
  if (remembered !== undefined) return remembered
  if (known.size >= maxRemembered) known.clear()
  const answer = judge(head)
  known.set(head, answer)
  return answer
}

function judge(head: string): Answer {
  const [line = '', ...lines] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1] ?? 0)
  const headers = new Map(
    lines.map((each) => {
      const colon = each.indexOf(':')
      return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()] as const
    }),
  )
  const problem = problemOf(status, headers)
  const closes = headers.get('connection')?.toLowerCase() === 'close'
  return { status, closes, ...(problem !== undefined && { problem: `${problem}: ${JSON.stringify(head)}` }) }
}

function problemOf(status: number, headers: ReadonlyMap<string, string>): string | undefined {
  if (!table.has(status)) return 'not in the table of answers'
  if (status !== 204 && headers.get('content-length') !== '0') return 'has a body'
  if (headers.has('transfer-encoding') || headers.has('location')) return 'has a header that no answer has'
  if (headers.has('retry-after') !== (status === 503)) return 'retry-after belongs to 503 alone'
  return headers.has('allow') === (status === 405) ? undefined : 'allow belongs to 405 alone'
}
