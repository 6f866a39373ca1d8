/** What a claim is known by outside: whose delivery, and the sequence of the message that holds the claim. */
interface ClaimId {
  key: string
  sinkToken: string
  seq: number
}

export function claimIdOf({ key, sinkToken, seq }: ClaimId): string {
  return `${key}.${sinkToken}#${seq}`
}

/** `path`: `<event key>.<sink token>`. */
export function parseClaimId(deliveryId: string): { path: string; seq: number } {
  const [path = '', seq = ''] = deliveryId.split('#')
  return { path, seq: Number(seq) }
}
