/** The fields that are there: a message has no `undefined` in it. */
export function defined<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(there) as { [Key in keyof T]?: Exclude<T[Key], undefined> }
}
