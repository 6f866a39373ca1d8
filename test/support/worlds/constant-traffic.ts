import { randomBytes, randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'

import { Agent } from 'undici'

import type { Clock } from '../../../src/clock.ts'
import type { SimulatorAdmin } from '../../../playground/webhook-service/admin.ts'
import { signV1 } from '../../../playground/webhook-service/signer.ts'
import { postUnwatched } from '../measures/post-unwatched.ts'

/** How a delivery is signed while several secrets are valid; `oldOnly`: by the oldest alone. */
type Signing = 'oldNew' | 'newOld' | 'newOnly' | 'oldOnly'

interface Sent {
  id: string
  signing: Signing
  /** Signed by these, as they were at Google when it was sent. */
  secrets: string[]
  sentMs: number
}

interface Options {
  admin: SimulatorAdmin
  clock: Clock
  webhookId: string
  /** Of the endpoint, at the receiver itself. */
  url: string
}

const senders = 4

/** Sends to one endpoint as Google does, in every way to sign, and forgeries in between; keeps what was answered. */
export class ConstantTraffic {
  readonly #options: Options
  readonly #agent = new Agent({ connections: senders })
  readonly #held: Sent[] = []
  #sent = 0
  /** In turn. */
  signings: readonly Signing[] = ['oldNew', 'newOld', 'newOnly', 'oldOnly']
  /** Answers to genuine deliveries: how often each status came. */
  readonly answers: Record<number, number> = {}
  /** Genuine, and told that they are not: must stay empty. */
  readonly refused: { status: number; signing: Signing }[] = []
  /** Signed by a secret that Google itself revoked while they were under way. */
  revokedOnTheWay = 0
  readonly forged = { sent: 0, accepted: 0 }

  constructor(t: Pick<TestContext, 'after'>, options: Options) {
    this.#options = options
    t.after(() => this.#agent.close())
  }

  /** Deliveries that were asked to come back and have not been accepted yet. */
  get held(): number {
    return this.#held.length
  }

  /**
   * Sends without a pause while `work` runs, and some more; then until everything that was asked to come back was
   * accepted.
   */
  async during(work: () => Promise<void>, atLeast = 300): Promise<void> {
    const over = new AbortController()
    const enough = this.#sent + atLeast
    const send = async () => {
      while (!over.signal.aborted || this.#sent < enough) await this.#sendNext()
    }
    const sending = Promise.all(Array.from({ length: senders }, send))
    try {
      await work()
    } finally {
      over.abort()
      await sending
    }
  }

  /** Everything that was asked to come back comes back, as Google's retries do. */
  async retryHeld(): Promise<void> {
    for (const { id, signing } of this.#held.splice(0)) await this.#send(id, signing)
  }

  async #sendNext(): Promise<void> {
    this.#sent += 1
    await this.#send(`msg_${randomUUID()}`, this.signings[this.#sent % this.signings.length] ?? 'oldNew')
    if (this.#sent % 5 === 0) await this.#forge()
  }

  async #send(id: string, signing: Signing): Promise<void> {
    const { admin, clock, webhookId } = this.#options
    const secrets = signingSecrets(
      admin.secrets(webhookId).map(({ secret }) => secret),
      signing,
    )
    const sent: Sent = { id, signing, secrets, sentMs: clock.now() }
    const status = await this.#post(sent)
    this.answers[status] = (this.answers[status] ?? 0) + 1
    if (status === 503) this.#held.push(sent)
    else if (status < 200 || status > 299) this.#noteRefused(sent, status)
  }

  #noteRefused({ secrets, signing }: Sent, status: number): void {
    const { admin, webhookId } = this.#options
    const live = new Set(admin.secrets(webhookId).map(({ secret }) => secret))
    if (status === 401 && !secrets.some((secret) => live.has(secret))) this.revokedOnTheWay += 1
    else this.refused.push({ status, signing })
  }

  /** Right in everything but the secret. */
  async #forge(): Promise<void> {
    const { clock } = this.#options
    const secrets = [`whsec_${randomBytes(24).toString('base64')}`]
    const id = `msg_${randomUUID()}`
    const status = await this.#post({ id, signing: 'newOnly', secrets, sentMs: clock.now() })
    this.forged.sent += 1
    if (status >= 200 && status <= 299) this.forged.accepted += 1
  }

  async #post({ id, secrets, sentMs }: Sent): Promise<number> {
    const timestamp = Math.floor(sentMs / 1000)
    const body = Buffer.from(JSON.stringify({ type: 'batch.succeeded', version: 'v1', data: { id: 'batches/1' } }))
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': secrets.map((secret) => signV1(secret, { id, timestamp, body })).join(' '),
    }
    return postUnwatched(this.#options.url, { headers, body }, this.#agent)
  }
}

function signingSecrets(oldToNew: string[], signing: Signing): string[] {
  switch (signing) {
    case 'oldNew':
      return oldToNew
    case 'newOld':
      return oldToNew.toReversed()
    case 'newOnly':
      return oldToNew.slice(-1)
    case 'oldOnly':
      return oldToNew.slice(0, 1)
  }
}
