/** Ends an exhaustive switch: a new variant becomes a compile error here, and a broken promise at run time is loud. */
export function unreachable(value: never): never {
  throw new Error(`unreachable variant: ${JSON.stringify(value)}`)
}
