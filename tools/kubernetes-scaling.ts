import { closed, many, whole, word } from './kubernetes-schemas.ts'
import type { ValueSchema } from './value-schema.ts'

/** How workloads are updated and scaled, as Kubernetes writes it. */

/** A number, or a percentage of the replicas. */
export const amountOfPods: Omit<ValueSchema, 'description'> = {
  type: ['integer', 'string'],
  minimum: 0,
  maximum: 1000,
  pattern: '^([0-9]{1,2}|100)%$',
}
const none: ValueSchema = { enum: [0, '0%'] }
const nothing = closed({})

const deploymentStrategy: ValueSchema = {
  type: 'object',
  anyOf: [
    nothing,
    closed({ type: word('Recreate') }, 'type'),
    closed(
      {
        type: word('RollingUpdate'),
        rollingUpdate: {
          ...closed({ maxSurge: amountOfPods, maxUnavailable: amountOfPods }),
          // An update could not begin.
          not: { properties: { maxSurge: none, maxUnavailable: none }, required: ['maxSurge', 'maxUnavailable'] },
        },
      },
      'type',
    ),
  ],
}
/** `fallback`: what an empty one means. */
export const strategy = (fallback: string): ValueSchema => ({
  description: `How a Deployment replaces its pods, as in spec.strategy. Empty: ${fallback}`,
  ...deploymentStrategy,
})

export const updateStrategy: ValueSchema = {
  description: 'How the StatefulSet replaces its pods, as in spec.updateStrategy. Empty: one after the other.',
  type: 'object',
  anyOf: [
    nothing,
    closed({ type: word('OnDelete') }, 'type'),
    closed({ type: word('RollingUpdate'), rollingUpdate: closed({ partition: whole(0, 1000) }) }, 'type'),
  ],
}

const scalingRules = closed({
  stabilizationWindowSeconds: whole(0, 3600),
  selectPolicy: word('Max', 'Min', 'Disabled'),
  policies: many(
    closed(
      { type: word('Pods', 'Percent'), value: whole(1, 1000), periodSeconds: whole(1, 1800) },
      'type',
      'value',
      'periodSeconds',
    ),
    1,
  ),
})
export const scalingBehavior: ValueSchema = {
  description: "How fast it scales up and down, as in spec.behavior. Empty: Kubernetes' defaults.",
  ...closed({ scaleUp: scalingRules, scaleDown: scalingRules }),
}
