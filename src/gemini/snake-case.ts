import { isRecord } from '../is-record.ts'

const capital = /[A-Z]/

/**
 * An answer with the names of its fields as the WebhookService writes them: `signingSecrets`, as other parts of
 * Google's API would write it, is `signing_secrets`. A field that is there in both forms is left as it is. Not of what
 * is inside.
 */
export function toSnakeCase(answer: unknown): unknown {
  if (!isRecord(answer)) return answer
  const camel = Object.keys(answer).filter((name) => capital.test(name))
  const renamed = camel.flatMap((name): [string, unknown][] => {
    const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    return Object.hasOwn(answer, snake) ? [] : [[snake, answer[name]]]
  })
  return renamed.length === 0 ? answer : { ...answer, ...Object.fromEntries(renamed) }
}
