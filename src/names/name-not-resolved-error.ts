/** With the codes of the system's resolver, which those who look at errors know. */
export class NameNotResolvedError extends Error {
  override readonly name = 'NameNotResolvedError'
  readonly code: 'ENOTFOUND' | 'EAI_AGAIN'
  readonly hostname: string

  constructor(hostname: string, isCertain: boolean) {
    const code = isCertain ? 'ENOTFOUND' : 'EAI_AGAIN'
    const why = isCertain ? 'there is no such name' : 'the name servers did not answer or refused to'
    super(`lookup ${code} ${hostname}: ${why}`)
    this.code = code
    this.hostname = hostname
  }
}
