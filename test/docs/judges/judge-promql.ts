import { problemsOfQuery } from '../../support/measures/promql/judge-query.ts'

/** What is wrong with a block of PromQL: expressions with empty lines between them. */
export function judgePromql(text: string): string[] {
  const expressions = text.split(/\n\s*\n/).map((each) => each.replaceAll(/^\s*#.*$/gm, '').trim())
  return expressions.filter((each) => each !== '').flatMap(problemsOfQuery)
}
