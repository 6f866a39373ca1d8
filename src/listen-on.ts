import { isIPv6, type AddressInfo, type Server } from 'node:net'

/** Every address of the machine, of both families, or of one where the other is off. */
export const everyAddress = '::'
const everyIpv4Address = '0.0.0.0'
/**
 * Error codes of a machine without IPv6: off in the kernel, off on its interfaces, refused by a sandbox around the
 * process.
 */
const withoutIpv6: ReadonlySet<unknown> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT', 'EINVAL'])

export interface ListenAddress {
  /** A host name or an address; `::` is what `everyAddress` says. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

/**
 * Resolves with the port once the server accepts connections; rejects when the port is taken or the address is not this
 * machine's.
 */
export async function listenOn(server: Server, { host, port }: ListenAddress): Promise<{ port: number }> {
  try {
    return await listenOnce(server, { host, port })
  } catch (error) {
    if (host !== everyAddress || !isWithoutFamily(error)) throw error
    return listenOnce(server, { host: everyIpv4Address, port })
  }
}

/**
 * Whether listening failed because the machine lacks the address family, or the address, and not because the port is
 * taken or forbidden.
 */
export function isWithoutFamily(error: unknown): boolean {
  return error instanceof Error && withoutIpv6.has(Reflect.get(error, 'code'))
}

/** A host as URLs write it: IPv6 addresses in brackets. */
export const hostInUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host)

function listenOnce(server: Server, address: ListenAddress): Promise<{ port: number }> {
  return new Promise((resolve, reject) => {
    const onListening = () => {
      server.off('error', onError)
      resolve({ port: (server.address() as AddressInfo).port })
    }
    const onError = (error: Error) => {
      server.off('listening', onListening)
      reject(error)
    }
    server.once('error', onError)
    server.once('listening', onListening)
    server.listen(address)
  })
}
