import { isRecord } from '../is-record.ts'

const capital = /[A-Z]/

/**
 * An answer with the names of its fields as the WebhookService writes them: `signingSecrets`, as other parts of
 * Google's API would write it, is `signing_secrets`. A field that is there in both forms is left as it is. Not of what
 * is inside.
 */
export function toSnakeCase(answer: unknown): unknown {
  if (!isRecord(answer)) return answer
  if (!Object.keys(answer).some((name) => capital.test(name))) return answer
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => {
      const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      return [Object.hasOwn(answer, snake) ? name : snake, value]
    }),
  )
}
