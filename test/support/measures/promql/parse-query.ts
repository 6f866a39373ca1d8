import { parser } from '@prometheus-io/lezer-promql'

/** What an expression asks for. */
export interface Query {
  /** What the grammar of Prometheus does not accept; empty when it is an expression. */
  errors: string[]
  /** Each metric, as often as it is asked for, with the labels that are compared, grouped or matched by. */
  series: { metric: string; labels: string[] }[]
}

type Node = ReturnType<typeof parser.parse>['topNode']

/** Reads any expression with the grammar that Prometheus' own page uses; evaluates nothing. */
export function parseQuery(expression: string): Query {
  const textOf = (node: Node) => expression.slice(node.from, node.to)
  const errors: string[] = []
  const selectors: Node[] = []
  const groups: { node: Node; labels: string[] }[] = []
  parser.parse(expression).iterate({
    enter({ node }) {
      if (node.type.isError) errors.push(`at ${node.from}: "${expression.slice(node.from, node.from + 20)}"`)
      if (node.name === 'VectorSelector') selectors.push(node)
      const labels =
        node.name === 'AggregateExpr' ? node.getChild('AggregateModifier')?.getChild('GroupingLabels') : null
      if (labels) groups.push({ node, labels: labels.getChildren('LabelName').map(textOf) })
      const matching = node.name === 'BinaryExpr' ? node.getChild('MatchingModifierClause') : null
      const both = matching?.getChild('On') ? matching.getChild('GroupingLabels') : null
      if (both) groups.push({ node, labels: both.getChildren('LabelName').map(textOf) })
    },
  })
  const series = selectors.map((selector) => {
    const matchers = selector.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
    const compared = matchers.map((matcher) => matcher.getChild('LabelName')).filter((label) => label !== null)
    const around = groups.filter(({ node }) => node.from <= selector.from && selector.to <= node.to)
    const metric = selector.getChild('Identifier')
    return {
      metric: metric === null ? '' : textOf(metric),
      labels: [...new Set([...compared.map(textOf), ...around.flatMap(({ labels }) => labels)])],
    }
  })
  return { errors, series }
}
