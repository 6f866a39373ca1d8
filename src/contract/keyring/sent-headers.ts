import { isReservedHeader } from './reserved-headers.ts'

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/
/** A value that no proxy will split or cut: printable, no line breaks. */
const headerValue = /^[\x20-\x7e\t]*$/

/** Why a header may not be sent by a sink, wherever it is given; undefined: it may. */
export function headerFault(name: string, value: string): 'name' | 'value' | undefined {
  if (!headerName.test(name) || isReservedHeader(name)) return 'name'
  return headerValue.test(value) ? undefined : 'value'
}
