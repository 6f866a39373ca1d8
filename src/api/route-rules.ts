import type { NamespaceSelector } from './allowed-routes.ts'
import type { GeminiRouteSpec } from './route-spec.ts'
import type { Rule } from './rules.ts'

/** What the fields of a route, and of the consent to routes, demand of each other; rules.ts says how rules are made. */

/** Never changed later: an object that a rule at the root does not let be written could not be repaired either. */
export const routeRootRules: readonly Rule<'route'>[] = [
  {
    id: 'route-name-is-a-label',
    scope: 'route',
    field: 'metadata',
    cel: "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
    message: 'metadata.name must have at most 63 characters and no dots: it is one token of a NATS subject',
    holds: ({ metadata }) => metadata.name.length <= 63 && !metadata.name.includes('.'),
  },
  {
    // What is kept for a route was given to it by the owner of one webhook, and goes by the consent of that owner.
    id: 'webhook-ref-is-fixed',
    scope: 'route',
    field: 'spec.webhookRef',
    cel: 'self.spec.webhookRef == oldSelf.spec.webhookRef',
    message: 'webhookRef cannot be changed: delete the route and create another one',
    holds: ({ spec }, previous) => previous === undefined || isSameRef(spec.webhookRef, previous.spec.webhookRef),
  },
]

/** The namespace counts as it is written: a rule cannot see which one is meant without it. */
function isSameRef(a: GeminiRouteSpec['webhookRef'], b: GeminiRouteSpec['webhookRef']): boolean {
  return a.name === b.name && a.namespace === b.namespace
}

export const routeNamespacesRules: readonly Rule<'routeNamespaces'>[] = [
  {
    id: 'routes-from-selector',
    scope: 'routeNamespaces',
    field: '',
    cel: "has(self.selector) == (self.from == 'Selector')",
    message: 'set selector with from Selector, and only with it: it says which namespaces those are',
    holds: ({ selector, from }) => (selector !== undefined) === (from === 'Selector'),
  },
  {
    id: 'routes-from-names',
    scope: 'routeNamespaces',
    field: '',
    cel: "has(self.names) == (self.from == 'Names')",
    message: 'set names with from Names, and only with it: it says which namespaces those are',
    holds: ({ names, from }) => (names !== undefined) === (from === 'Names'),
  },
  {
    // Here and not on the expression: these are an atomic list, whose entries cannot be told from what was stored.
    id: 'routes-selector-values',
    scope: 'routeNamespaces',
    field: 'selector.matchExpressions',
    cel: "!has(self.selector) || !has(self.selector.matchExpressions) || self.selector.matchExpressions.all(each, (each.operator in ['In', 'NotIn']) == (has(each.values) && size(each.values) > 0))",
    message: 'operators In and NotIn need values, Exists and DoesNotExist must have none',
    holds: ({ selector }) => (selector?.matchExpressions ?? []).every(hasFittingValues),
  },
]

function hasFittingValues({
  operator,
  values = [],
}: NonNullable<NamespaceSelector['matchExpressions']>[number]): boolean {
  return (operator === 'In' || operator === 'NotIn') === values.length > 0
}
