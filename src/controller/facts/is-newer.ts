interface Versioned {
  metadata: { resourceVersion: string }
}

/** Whether an object is later than another state of the same, by the version that the API server gave it. Pure. */
export function isNewer({ metadata }: Versioned, than: Versioned): boolean {
  return BigInt(metadata.resourceVersion) > BigInt(than.metadata.resourceVersion)
}
