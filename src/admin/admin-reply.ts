/** One request that was let in. */
export interface AdminRequest {
  readonly method: string
  readonly url: URL
  readonly body: string
}

/** The answer to it, sent as JSON. */
export interface AdminReply {
  readonly status: number
  readonly body: unknown
}

export function ok(body: unknown): AdminReply {
  return { status: 200, body }
}

/** `error` names the field, says what was wrong and what to give instead. */
export function refused(error: string): AdminReply {
  return { status: 400, body: { error } }
}
