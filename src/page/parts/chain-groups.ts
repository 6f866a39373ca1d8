import type { ChainLink } from '../../contract/page/webhook-detail.ts'

/** A box of the picture: links that a person sees as one. */
export interface ChainBox {
  readonly title: string
  readonly state: ChainLink['state']
  /** Of the link that decides the state. */
  readonly says: string
  /** Its index in the chain. */
  readonly at: number
  readonly isFirstBroken: boolean
}

export interface ChainPicture {
  readonly line: readonly ChainBox[]
  /** Sinks, and what lies beside the chain. */
  readonly branches: readonly ChainBox[]
}

/** What is drawn as one box, by the names of `gwh status`; any other link is a box of its own. */
const together: Readonly<Record<string, string>> = {
  registration: 'Registered',
  'in sync': 'Registered',
  enabled: 'Registered',
  DNS: 'DNS, TLS, route',
  connection: 'DNS, TLS, route',
  TLS: 'DNS, TLS, route',
  route: 'DNS, TLS, route',
  'endpoint proven': 'Proven',
  deliveries: 'Inbox',
}

/** How links of a route's webhook begin: they are one box. */
const ofWebhook = 'webhook: '

const rank = { Broken: 0, Open: 1, Good: 2 } as const

/** From the chain to its boxes: the worst link of a box speaks for it. Pure. */
export function pictureOf(chain: readonly ChainLink[], firstBroken: number | undefined): ChainPicture {
  const line = new Map<string, ChainBox>()
  const branches: ChainBox[] = []
  for (const [at, { name, state, says, branch }] of chain.entries()) {
    const title = name.startsWith(ofWebhook) ? 'Webhook' : (together[name] ?? capitalised(name))
    const box = { title, state, says, at, isFirstBroken: at === firstBroken }
    const other = line.get(title)
    if (branch !== undefined) branches.push(box)
    else if (other === undefined || rank[state] < rank[other.state]) line.set(title, box)
  }
  return { line: [...line.values()], branches }
}

function capitalised(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
