/**
 * Why the last step of a delivery was not its success, as inboxes keep it and commands show it: a word of a closed
 * list, and the status where an answer came, such as `timeout` or `status 503`. Never text that came from outside.
 */
export interface DeliveryCause {
  readonly word: string
  readonly status?: number
}

export function writeCause({ word, status }: DeliveryCause): string {
  return status === undefined ? word : `${word} ${status}`
}

const written = /^(?<word>[A-Za-z]{1,32})(?: (?<status>[1-9]\d\d))?$/

/** Undefined for what no version of this program writes: another receiver may have handed over anything. */
export function readCause(text: string): DeliveryCause | undefined {
  const { word, status } = written.exec(text)?.groups ?? {}
  if (word === undefined) return undefined
  return { word, ...(status !== undefined && { status: Number(status) }) }
}
