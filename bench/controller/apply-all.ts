const appliesAtOnce = 32

/** Applies so many objects, some at a time, by their index. */
export async function applyAll(count: number, apply: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const applySome = async () => {
    while (next < count) await apply(next++)
  }
  await Promise.all(Array.from({ length: Math.min(appliesAtOnce, count) }, applySome))
}
