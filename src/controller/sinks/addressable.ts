import type { SinkRef } from '../../api/sink.ts'
import {
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '../../kubernetes/client.ts'
import { failureOf } from '../facts/failure-class.ts'
import { found, missing, type Lookup } from '../facts/lookup.ts'
import { areCertificates } from './sink-tls.ts'

/** What Knative calls Addressable: any object whose status says where it takes events. */
export interface Addressable extends KubernetesObject {
  status?: {
    address?: Address
    /** Several ways to the same receiver; `address` is one of them. */
    addresses?: Address[]
  }
}

interface Address {
  url?: string
  /** PEM; what the certificate of `url` is to be checked with. */
  CACerts?: string
}

/** `unlisted`: the installation does not offer this kind. `forbidden`: it does, and the controller may not read it. */
export type AddressableLookup = Lookup<Addressable> | { state: 'unlisted' } | { state: 'forbidden' }

/** Names a referenced object among those of one namespace, in messages and in the keyring. */
export function refKeyOf({ apiVersion, kind, name }: SinkRef): string {
  return `${apiVersion}/${kind}/${name}`
}

/**
 * The kind of a reference, if the installation lists it: entries are `GROUP/VERSION/KIND=PLURAL`, since the path of an
 * object has the plural, which does not follow from the kind.
 */
export function listedKindOf({ apiVersion, kind }: SinkRef, listed: readonly string[]): ResourceKind | undefined {
  const entry = listed.find((each) => each.startsWith(`${apiVersion}/${kind}=`))
  const [group, version] = apiVersion.split('/')
  if (entry === undefined || group === undefined || version === undefined) return undefined
  return { group, version, kind, plural: entry.slice(entry.indexOf('=') + 1), namespaced: true }
}

export async function readAddressable(
  ref: SinkRef,
  namespace: string,
  { client, listed }: { client: Pick<KubernetesClient, 'get'>; listed: readonly string[] },
): Promise<AddressableLookup> {
  const kind = listedKindOf(ref, listed)
  if (kind === undefined) return { state: 'unlisted' }
  try {
    const object = await client.get<Addressable>(kind, { namespace, name: ref.name })
    return object === undefined ? missing : found(object)
  } catch (error) {
    if (error instanceof KubernetesApiError && error.status === 403) return { state: 'forbidden' }
    return { state: 'failed', failure: failureOf(error) }
  }
}

export type AddressOf =
  | { state: 'usable'; url: string; ca?: string }
  /** It may come: the object is being set up. */
  | { state: 'none' }
  | { state: 'unusable'; problem: string }

const maxUrlLength = 2048

/**
 * The first of its addresses that has a URL. What other controllers wrote is checked like a user's URL: neither is to
 * be trusted.
 */
export function addressOf({ status }: Addressable): AddressOf {
  const address = [status?.address, ...(Array.isArray(status?.addresses) ? status.addresses : [])].find(
    (each) => typeof each?.url === 'string' && each.url !== '',
  )
  if (address?.url === undefined) return { state: 'none' }
  const url = URL.parse(address.url)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return { state: 'unusable', problem: 'is no http or https URL' }
  }
  if (url.username !== '' || url.password !== '') return { state: 'unusable', problem: 'carries a user or a password' }
  url.hash = ''
  if (url.href.length > maxUrlLength) {
    return { state: 'unusable', problem: `has more than ${maxUrlLength} characters` }
  }
  const ca = address.CACerts
  if (typeof ca === 'string' && ca.trim() !== '' && !areCertificates(ca)) {
    return { state: 'unusable', problem: 'has CACerts that are not certificates in PEM' }
  }
  return { state: 'usable', url: url.href, ...(typeof ca === 'string' && ca.trim() !== '' && { ca }) }
}
