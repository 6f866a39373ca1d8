/** What a transform computes, and as what: a value that JSON can hold, or the text of a body that is no JSON. */
export interface TransformExpression {
  readonly text: string
  readonly yields: 'json' | 'text'
}

/** A text alone is that of a filter, which yields a bool. */
export type Expression = string | TransformExpression

interface Computing {
  readonly filter?: { readonly cel?: string | undefined } | undefined
  readonly transform?: TransformText | undefined
}

interface TransformText {
  readonly body: string
  readonly contentType?: string | undefined
}

/** JSON where nothing is said. */
export function transformExpressionOf({ body, contentType }: TransformText): TransformExpression {
  return { text: body, yields: contentType?.startsWith('text/') === true ? 'text' : 'json' }
}

/** All that sinks compute for one event: they share what that may cost. */
export function expressionsIn(sinks: readonly Computing[]): Expression[] {
  return sinks.flatMap(({ filter, transform }): Expression[] => [
    ...(filter?.cel === undefined ? [] : [filter.cel]),
    ...(transform === undefined ? [] : [transformExpressionOf(transform)]),
  ])
}

/** Equal for equal expressions only. */
export function keyOf(expression: Expression): string {
  return typeof expression === 'string' ? `=${expression}` : `${expression.yields}=${expression.text}`
}
