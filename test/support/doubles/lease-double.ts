import { KubernetesApiError, type KubernetesClient, type KubernetesObject } from '../../../src/kubernetes/client.ts'
import type { Lease } from '../../../src/kubernetes/lease-record.ts'

type Fault = 'unreachable' | 'answerLost' | 'hang'

/**
 * One Lease with optimistic locking, and clients that see it, each with its own faults. Everything but get, create and
 * replace fails.
 */
export class LeaseDouble {
  current: Lease | undefined
  writes = 0
  #version = 0

  client(name: string): { client: KubernetesClient; faults: Fault[]; fault: Fault | undefined } {
    /** `faults` are used up one a call; `fault` stays until it is taken away. */
    const state: { client: KubernetesClient; faults: Fault[]; fault: Fault | undefined } = {
      client: this.#clientOf(() => state.faults.shift() ?? state.fault, name),
      faults: [],
      fault: undefined,
    }
    return state
  }

  #clientOf(nextFault: () => Fault | undefined, name: string): KubernetesClient {
    const notScripted = () => {
      throw new Error(`${name}: the elector uses get, create and replace only`)
    }
    const call = async <T>(act: () => unknown): Promise<T> => {
      await Promise.resolve()
      const fault = nextFault()
      if (fault === 'hang') return new Promise<T>(() => {})
      if (fault === 'unreachable') throw unreachable()
      const result = act()
      if (fault === 'answerLost') throw unreachable()
      return structuredClone(result) as T
    }
    return {
      get: () => call(() => this.current),
      create: (_kind, object) => call(() => this.#write(object, undefined)),
      replace: (_kind, object) => call(() => this.#write(object, object.metadata.resourceVersion ?? '')),
      list: notScripted,
      watch: notScripted,
      replaceStatus: notScripted,
      patch: notScripted,
      delete: notScripted,
      serverClockSkewMs: undefined,
      serverHost: 'api.test',
      close: () => Promise.resolve(),
    }
  }

  #write(object: KubernetesObject, expectedVersion: string | undefined): Lease {
    if (expectedVersion === undefined && this.current !== undefined) throw conflict('AlreadyExists')
    if (expectedVersion !== undefined && this.current === undefined) {
      throw new KubernetesApiError({ status: 404, reason: 'NotFound', message: 'gone' })
    }
    if (expectedVersion !== undefined && expectedVersion !== this.current?.metadata.resourceVersion) {
      throw conflict('Conflict')
    }
    this.writes += 1
    this.#version += 1
    const lease: Lease = structuredClone(object)
    lease.metadata = { ...lease.metadata, uid: this.current?.metadata.uid ?? `uid-${this.#version}` }
    lease.metadata.resourceVersion = String(this.#version)
    this.current = lease
    return lease
  }
}

function unreachable(): KubernetesApiError {
  return new KubernetesApiError({ status: 0, reason: 'Unreachable', message: 'scripted' })
}

function conflict(reason: string): KubernetesApiError {
  return new KubernetesApiError({ status: 409, reason, message: 'scripted' })
}
