import type { ApiBody } from './api-under-test.ts'

/** A custom resource with one of everything that a schema can ask for, to see how a server says no. */
export const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', shortNames: ['wd'], categories: ['gizmos'] },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'URL', type: 'string', jsonPath: '.spec.url', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'Widget is a thing to test with.',
            required: ['spec'],
            'x-kubernetes-validations': [
              {
                rule: "self.metadata.name.size() <= 20 && !self.metadata.name.contains('.')",
                message: 'metadata.name must be at most 20 characters without dots',
              },
            ],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: specSchema(),
              status: {
                type: 'object',
                properties: {
                  observedGeneration: { type: 'integer' },
                  conditions: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: {
                      type: 'object',
                      required: ['type', 'status'],
                      properties: {
                        type: { type: 'string' },
                        status: { type: 'string' },
                        lastTransitionTime: { type: 'string', format: 'date-time' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
}

function specSchema(): object {
  return {
    type: 'object',
    description: 'What is wanted.',
    required: ['size'],
    'x-kubernetes-validations': [
      {
        rule: '!has(oldSelf.externalID) || (has(self.externalID) && self.externalID == oldSelf.externalID)',
        message: 'externalID cannot change or be removed once set',
        fieldPath: '.externalID',
        reason: 'FieldValueForbidden',
      },
      {
        rule: 'self.size < 100 || has(self.url)',
        messageExpression: "has(self.state) ? 'a big widget needs a url in any state' : 'a big widget needs a url'",
      },
      { rule: '!has(self.minimum) || self.minimum <= self.size' },
      { rule: 'self.size != 13 || self.url.size() > 3', message: 'thirteen needs a long url' },
      { rule: 'self.size != 14', message: 'fourteen is taken', reason: 'FieldValueDuplicate' },
      { rule: 'self.size != 15', message: 'fifteen needs thought', reason: 'FieldValueRequired' },
    ],
    properties: {
      size: { type: 'integer', minimum: 1, maximum: 1000, description: 'How big it is.' },
      minimum: { type: 'integer' },
      ratio: { type: 'number' },
      url: { type: 'string', pattern: '^https://[a-z.]+$', maxLength: 40 },
      externalID: { type: 'string', minLength: 1, maxLength: 64 },
      state: { type: 'string', enum: ['Enabled', 'Disabled'] },
      enabled: { type: 'boolean' },
      tags: {
        type: 'array',
        'x-kubernetes-list-type': 'set',
        minItems: 1,
        maxItems: 4,
        items: { type: 'string', maxLength: 20 },
      },
      labels: { type: 'object', maxProperties: 2, additionalProperties: { type: 'string', maxLength: 10 } },
      free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      port: { 'x-kubernetes-int-or-string': true },
      since: { type: 'string', format: 'date-time' },
      defaulted: { type: 'string', default: 'yes' },
      nothing: { type: 'string', nullable: true },
      parts: {
        type: 'array',
        maxItems: 4,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        description: 'The parts of it.',
        items: {
          type: 'object',
          required: ['name'],
          'x-kubernetes-validations': [
            {
              rule: '[has(self.left), has(self.right)].filter(x, x).size() == 1',
              message: 'exactly one of left or right must be set',
            },
          ],
          properties: {
            name: { type: 'string', maxLength: 20 },
            left: { type: 'string', maxLength: 20, description: 'The left side.' },
            right: { type: 'object', properties: { deep: { type: 'integer' } } },
          },
        },
      },
    },
  }
}

export const widgetsPath = '/apis/example.com/v1alpha1/namespaces/default/widgets'

export function aWidget(name: string, spec: unknown = { size: 5 }, metadata: object = {}): ApiBody {
  return {
    apiVersion: 'example.com/v1alpha1',
    kind: 'Widget',
    metadata: { name, ...metadata },
    spec: spec as Record<string, unknown>,
  }
}
