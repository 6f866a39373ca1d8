import * as z from 'zod'

import { atomicListOf, eventType, labelName, labelValue, mapOf, referenceOf, setOf, text } from './field-types.ts'
import { labelKeyPattern } from './metadata-key.ts'

/**
 * The owner's side of the agreement between a GeminiWebhook and the GeminiRoutes that name it. Rules between these
 * fields are in route-rules.ts.
 */

const selectorSchema = referenceOf({
  matchLabels: mapOf(labelValue(), 16).describe('Each label has exactly this value.').optional(),
  matchExpressions: atomicListOf(
    z.strictObject({
      key: text(317).regex(labelKeyPattern, 'must be the key of a label').describe('Key of the label.'),
      operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
      values: atomicListOf(labelValue(), 16).describe('One or more for In and NotIn, none for the others.').optional(),
    }),
    16,
  )
    .describe('Each of these holds.')
    .optional(),
}).describe('Labels that the namespace must have, with from Selector. All that is given must hold; empty: every one.')

const routeNamespacesSchema = z
  .strictObject({
    from: z
      .enum(['Same', 'All', 'Selector', 'Names'])
      .describe(
        'Same: the namespace of this webhook. All: every namespace. Selector: those with the labels in selector. Names: those in names. Routes of the namespace of this webhook are always allowed.',
      ),
    selector: selectorSchema.optional(),
    names: setOf(labelName(), 128, 1).describe('Names of namespaces, with from Names.').optional(),
  })
  .describe('Namespaces whose GeminiRoutes may attach. Absent: the namespace of this webhook.')

export const allowedRoutesSchema = z
  .strictObject({
    namespaces: routeNamespacesSchema.optional(),
    types: setOf(eventType(), 32, 1)
      .describe('The only event types that routes of other namespaces may get. Absent: all.')
      .optional(),
  })
  .describe('Which GeminiRoutes may get events of this webhook. Absent: those in its own namespace.')

export type AllowedRoutes = z.infer<typeof allowedRoutesSchema>
export type RouteNamespaces = z.infer<typeof routeNamespacesSchema>
export type NamespaceSelector = z.infer<typeof selectorSchema>
