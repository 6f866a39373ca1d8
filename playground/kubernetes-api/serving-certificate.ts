import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'

export interface ServingCertificate {
  /** The certificate, which is its own authority: clients trust exactly this one. */
  certPem: string
  keyPem: string
}

/**
 * Makes a self-signed certificate for one host (an address or a name) and `localhost`, new on every start. TLS is not
 * for secrecy on loopback: kubectl sends no token over plain http. Valid for a century, so that it does not depend on
 * anyone's clock.
 */
export function createServingCertificate(host: string): ServingCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid(commonName), text(`kubernetes-api ${host}`))))
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    signatureAlgorithm(),
    name,
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('21200101000000Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(host))),
  )
  const certificate = sequence(toBeSigned, signatureAlgorithm(), bitString(sign('sha256', toBeSigned, privateKey)))
  return {
    certPem: pem('CERTIFICATE', certificate),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** Object identifiers, already encoded (RFC 5280, RFC 5758). */
const commonName = '550403'
const ecdsaWithSha256 = '2a8648ce3d040302'
const basicConstraints = '551d13'
const keyUsage = '551d0f'
const extendedKeyUsage = '551d25'
const subjectAltName = '551d11'
const serverAuthentication = '2b06010505070301'

function extensions(host: string): Buffer[] {
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])))
  // Bits 0 (digital signature) and 5 (certificate signing), two unused bits.
  const usage = der(0x03, Buffer.from([0x02, 0x84]))
  const names = sequence(subjectName(host), der(0x82, Buffer.from('localhost')))
  return [
    extension(basicConstraints, isAuthority, true),
    extension(keyUsage, usage, true),
    extension(extendedKeyUsage, sequence(oid(serverAuthentication)), false),
    extension(subjectAltName, names, false),
  ]
}

function subjectName(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return der(0x87, Buffer.from(host.split('.').map(Number)))
    case 6:
      return der(0x87, ipv6Bytes(host))
    default:
      return der(0x82, Buffer.from(host))
  }
}

const groupsOf = (text: string) => text.split(':').filter((group) => group !== '')

function ipv6Bytes(address: string): Buffer {
  // A URL writes any IPv6 address as groups in hexadecimal, with at most one gap.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')]
  const gap = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return Buffer.from([...before, ...gap, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  const critical = isCritical ? [der(0x01, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...critical, der(0x04, value))
}

function signatureAlgorithm(): Buffer {
  return sequence(oid(ecdsaWithSha256))
}

/** One DER element: tag, length in the short or long form, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const lengthBytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content])
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts))
const set = (...parts: Buffer[]) => der(0x31, Buffer.concat(parts))
const explicit = (number: number, content: Buffer) => der(0xa0 + number, content)
const integer = (bytes: Buffer) => der(0x02, bytes)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const text = (value: string) => der(0x0c, Buffer.from(value))
const bitString = (bytes: Buffer) => der(0x03, Buffer.concat([Buffer.from([0]), bytes]))

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
