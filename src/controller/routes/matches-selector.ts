import type { NamespaceSelector } from '../../api/allowed-routes.ts'
import { unreachable } from '../../unreachable.ts'

type Labels = Readonly<Record<string, string>>
type Requirement = NonNullable<NamespaceSelector['matchExpressions']>[number]

/**
 * Whether a namespace with these labels is selected, by the rules of Kubernetes: all that is given must hold, an empty
 * selector selects everything, and `NotIn` holds too where the label is absent. Pure.
 */
export function matchesSelector(
  { matchLabels = {}, matchExpressions = [] }: NamespaceSelector,
  labels: Labels,
): boolean {
  const hasLabels = Object.entries(matchLabels).every(([key, value]) => valueIn(labels, key) === value)
  return hasLabels && matchExpressions.every((requirement) => meets(requirement, valueIn(labels, requirement.key)))
}

/** What an object inherits is no label. */
function valueIn(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

function meets({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return unreachable(operator)
  }
}
