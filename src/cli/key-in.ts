/** NAME or NAMESPACE/NAME as people write it; throws with what to write instead. */
export function keyIn(text: string): { namespace?: string; name: string } {
  const [, namespace, name] = /^(?:([a-z0-9-]{1,63})\/)?([a-z0-9.-]{1,253})$/.exec(text) ?? []
  if (name !== undefined) return namespace === undefined ? { name } : { namespace, name }
  throw new Error(`"${text.slice(0, 80)}" is neither NAME nor NAMESPACE/NAME, such as batch-events or ml/batch-events`)
}
