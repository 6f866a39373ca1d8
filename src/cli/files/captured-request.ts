import { ok, problem, type Result } from '../../result.ts'
import type { RequestHeaders } from '../../signature/parse-headers.ts'

interface CapturedRequest {
  readonly headers: RequestHeaders
  readonly body: Buffer
}

const headerLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/

/**
 * Reads a request as it went over the wire (RFC 9112): an optional request line, headers, an empty line, the body byte
 * for byte. Line ends may be CRLF or LF, for editors change them; in the body nothing may have been changed. A
 * `content-length` decides where the body ends. Problems never quote a value.
 */
export function readCapturedRequest(bytes: Buffer): Result<CapturedRequest> {
  const split = splitHead(bytes)
  if (split === undefined) return problem('has no empty line between its headers and its body')
  const [first = '', ...rest] = split.head.split(/\r?\n/)
  const lines = headerLine.test(first) ? [first, ...rest] : rest
  const headers: Record<string, string> = {}
  for (const [index, line] of lines.entries()) {
    const [, name = '', value = ''] = headerLine.exec(line) ?? []
    if (name === '') return problem(`line ${index + 1 + (rest.length + 1 - lines.length)} is no header`)
    const key = name.toLowerCase()
    // As Node does: a repeated header is one text joined with a comma.
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`
  }
  return withBody(headers, split.body)
}

function splitHead(bytes: Buffer): { head: string; body: Buffer } | undefined {
  const ends = ['\r\n\r\n', '\n\n'].map((mark) => ({ at: bytes.indexOf(mark), length: mark.length }))
  const [end] = ends.filter(({ at }) => at !== -1).toSorted((a, b) => a.at - b.at)
  if (end === undefined) return undefined
  return { head: bytes.subarray(0, end.at).toString('latin1'), body: bytes.subarray(end.at + end.length) }
}

function withBody(headers: Record<string, string>, body: Buffer): Result<CapturedRequest> {
  const { 'content-length': length } = headers
  if (headers['transfer-encoding'] !== undefined)
    return problem('has a body in chunks (transfer-encoding): capture it without')
  if (length === undefined) return ok({ headers, body })
  if (!/^\d{1,9}$/.test(length)) return problem('has a content-length that is no number')
  if (body.length < Number(length)) {
    return problem(
      `has ${body.length} bytes of body where content-length says ${length}: it was cut, or its line ends were changed`,
    )
  }
  return ok({ headers, body: body.subarray(0, Number(length)) })
}
