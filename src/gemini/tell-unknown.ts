import type { Verb } from './gemini-failure.ts'
import type { Call } from './google-call.ts'
import { unknownInAnswer, unknownInError, unknownInRevealed } from './unknown-in-answer.ts'
import type { NoteUnknown, Unknown } from './unknown-forms.ts'

/** The same calls, with the same answers; what of each this version does not know is told as it comes in. */
export function tellUnknown<Options>(call: Call<Options>, onUnknown: NoteUnknown | undefined): Call<Options> {
  if (onUnknown === undefined) return call
  const tell = (unknowns: readonly Unknown[]) => {
    for (const unknown of unknowns) onUnknown(unknown)
  }
  return (verb, signal, send) =>
    call(verb, signal, async (options) => {
      try {
        const answer = await send(options)
        tell(unknownIn(verb, answer))
        return answer
      } catch (error) {
        tell(unknownInError(error))
        throw error
      }
    })
}

function unknownIn(verb: Verb, answer: unknown): Unknown[] {
  switch (verb) {
    case 'list':
    case 'get':
    case 'update':
      return unknownInAnswer(answer)
    case 'create':
      return [...unknownInAnswer(answer), ...unknownInRevealed(answer)]
    case 'rotateSigningSecret':
      return unknownInRevealed(answer)
    default:
      return []
  }
}
