/** What a transform computes, and as what: a value that JSON can hold, or the text of a body that is no JSON. */
export interface TransformExpression {
  readonly text: string
  readonly yields: 'json' | 'text'
  /** It is of a dead letter destination, and may name how the event became a dead letter. */
  readonly isOfDeadLetter?: true
}

/** A text alone is that of a filter, which yields a bool. */
export type Expression = string | TransformExpression

interface Computing {
  readonly filter?: { readonly cel?: string | undefined } | undefined
  readonly transform?: TransformText | undefined
  readonly deadLetterTransform?: TransformText | undefined
}

interface TransformText {
  readonly body: string
  readonly contentType?: string | undefined
}

/** JSON where nothing is said. */
export function transformExpressionOf({ body, contentType }: TransformText): TransformExpression {
  return { text: body, yields: contentType?.startsWith('text/') === true ? 'text' : 'json' }
}

/** Likewise of a dead letter destination. */
export function deadLetterExpressionOf(transform: TransformText): TransformExpression {
  return { ...transformExpressionOf(transform), isOfDeadLetter: true }
}

/** All that sinks compute for one event: they share what that may cost. */
export function expressionsIn(sinks: readonly Computing[]): Expression[] {
  return sinks.flatMap(({ filter, transform, deadLetterTransform }): Expression[] => [
    ...(filter?.cel === undefined ? [] : [filter.cel]),
    ...(transform === undefined ? [] : [transformExpressionOf(transform)]),
    ...(deadLetterTransform === undefined ? [] : [deadLetterExpressionOf(deadLetterTransform)]),
  ])
}

/** Equal for equal expressions only. */
export function keyOf(expression: Expression): string {
  if (typeof expression === 'string') return `=${expression}`
  const { text, yields, isOfDeadLetter = false } = expression
  return `${isOfDeadLetter ? 'deadLetter ' : ''}${yields}=${text}`
}
