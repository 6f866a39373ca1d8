/** What the API server has filled in on every stored object. */
export interface StoredMeta {
  name: string
  namespace: string
  uid: string
  resourceVersion: string
  /** Counts changes of the spec. */
  generation: number
  creationTimestamp: string
  deletionTimestamp?: string
  finalizers?: string[]
  labels?: Record<string, string>
  annotations?: Record<string, string>
  managedFields?: { manager?: string; operation?: string; time?: string; subresource?: string }[]
}
