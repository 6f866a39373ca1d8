import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { labels, namespacePattern } from './kubernetes-names.ts'
import { closed, many, whole, word } from './kubernetes-schemas.ts'
import { flag, number, object, text, type ValueSchema } from './value-schema.ts'

const alertsPath = 'charts/gemini-webhook-operator/files/alerts.yaml'
const interval = '[1-9][0-9]{0,5}(ms|s|m)|[1-9][0-9]{0,3}m[1-9][0-9]{0,3}s'

const labelName: ValueSchema = { type: 'string', pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }
const actions = [
  'replace',
  'keep',
  'drop',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
  'keepequal',
  'dropequal',
]
const relabelings = (description: string): ValueSchema => ({
  description,
  ...many(
    closed({
      action: word(...actions),
      sourceLabels: many(labelName),
      separator: { type: 'string' },
      regex: { type: 'string' },
      targetLabel: labelName,
      replacement: { type: 'string' },
      modulus: whole(1, 2 ** 31 - 1),
    }),
  ),
})

/** Labels and annotations of alerts are Prometheus' own: other names, and values that it reads as templates. */
const ofAlerts: ValueSchema = {
  type: 'object',
  propertyNames: { type: 'string', pattern: '^[a-zA-Z][a-zA-Z0-9_]*$', not: { enum: ['alertname'] } },
  additionalProperties: { type: 'string' },
}

function alertNames(): string[] {
  const { groups } = parse(readFileSync(alertsPath, 'utf8')) as { groups: { rules: { alert: string }[] }[] }
  return groups.flatMap(({ rules }) => rules.map(({ alert }) => alert))
}

/** The values below `metrics`. */
export const metricsValues = (): ValueSchema =>
  object('Needs the Prometheus operator, except for the dashboard.', {
    serviceMonitor: object('Has the Prometheus operator scrape both parts.', {
      enabled: flag('Make a ServiceMonitor.'),
      namespace: text('Where it is made. Empty: beside the release.', `^$|${namespacePattern}`),
      interval: text('Between two scrapes.', `^(${interval})$`),
      scrapeTimeout: text(
        'How long a scrape may take, at most the interval. Empty: what Prometheus has as its default.',
        `^(|${interval})$`,
      ),
      honorLabels: flag('Labels of the metrics win over those that the scrape adds.'),
      relabelings: relabelings('Of the target, before the scrape, as in a ServiceMonitor.'),
      metricRelabelings: relabelings('Of each series, before it is stored, as in a ServiceMonitor.'),
      labels: labels('By which Prometheus finds it.'),
    }),
    prometheusRule: object('Alerts; each has a runbook page.', {
      enabled: flag('Make a PrometheusRule.'),
      labels: labels('By which Prometheus finds it.'),
      additionalRuleLabels: { description: 'On every alert, such as {team: platform}.', ...ofAlerts },
      additionalRuleAnnotations: { description: 'On every alert, templates of Prometheus included.', ...ofAlerts },
      rules: {
        description:
          'On one alert, by its name, such as {GwhClockSkew: {labels: {severity: critical}}}. Goes before what is on every alert.',
        type: 'object',
        propertyNames: { type: 'string', pattern: `^(${alertNames().join('|')})$` },
        additionalProperties: closed({ labels: ofAlerts, annotations: ofAlerts }),
      },
      runbookBaseUrl: text(
        "Where the runbook pages are; the alert's name and .md are added. Empty: no links.",
        '^$|^https?://',
      ),
      maxSecretAgeDays: number('GwhSecretTooOld: how long a signing secret may go without a rotation.', 2, 36_500),
    }),
    dashboard: object("A ConfigMap for Grafana's dashboard sidecar.", {
      enabled: flag('Make it.'),
      labels: labels('By which the sidecar finds it.'),
    }),
  })
