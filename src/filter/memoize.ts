/** `compute`, which remembers its last answers, `bound` of them at most; the oldest goes first. */
export function memoize<Answer extends object>(
  compute: (text: string) => Answer,
  bound: number,
): (text: string) => Answer {
  const answers = new Map<string, Answer>()
  return (text) => {
    const known = answers.get(text)
    if (known !== undefined) return known
    const fresh = compute(text)
    answers.set(text, fresh)
    for (const oldest of answers.keys()) {
      if (answers.size <= bound) break
      answers.delete(oldest)
    }
    return fresh
  }
}
