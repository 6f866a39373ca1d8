import { X509Certificate } from 'node:crypto'

/** Certificates of authorities, as PEM; what stands around them is left out. */
export function parseAuthorities(text: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length > 0 && blocks.every((block) => isCertificate(block))) return blocks.join('\n')
  throw new Error('holds no certificates, or a broken one; write certificates of authorities as PEM')
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0
  } catch {
    return false
  }
}

/** `user:password`, as the value of Proxy-Authorization. */
export function parseProxyCredentials(text: string): string {
  const credentials = text.trim()
  if (!/^[^:\r\n]+:[^\r\n]*$/.test(credentials)) throw new Error('is not one line with user:password')
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}
