import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { allCrds } from '../../src/api/crd.ts'
import { controllerSettings } from '../../src/config/controller-config.ts'
import { namesOf } from '../../src/config/names.ts'
import { parseSettings } from '../../src/config/parse-settings.ts'
import { receiverSettings } from '../../src/config/receiver-config.ts'
import { allKeyringSecretNames } from '../../src/contract/keyring/shard.ts'
import { settingsOfTheChart } from '../../tools/chart-component-values.ts'
import { renderManifests } from '../../tools/render-manifests.ts'
import { idOf, withHelm, type Chart, type Manifest } from '../support/processes/helm-chart.ts'
import { testRefusals, type RefusedValues } from '../support/processes/refused-values.ts'
import { named, podOf } from '../support/builders/manifests.ts'
import { valueSets } from '../support/builders/value-sets.ts'

const graceOf = (chart: Chart, controller: object, receiver: object) => {
  const manifests = chart.manifests({ controller: { config: controller }, receiver: { config: receiver } })
  return [
    podOf(named(manifests, 'Deployment', 'gwh-controller')).terminationGracePeriodSeconds,
    podOf(named(manifests, 'StatefulSet', 'gwh-receiver')).terminationGracePeriodSeconds,
  ]
}

/** Of each CRD, what becomes of it when the release is uninstalled. */
const policiesOf = (chart: Chart, values: object) =>
  chart
    .manifests(values)
    .filter(({ kind }) => kind === 'CustomResourceDefinition')
    .map(({ metadata }) => [metadata.name, metadata.annotations?.['helm.sh/resource-policy']])

const workloadKinds = new Set(['Deployment', 'StatefulSet'])

const quotasOf = (chart: Chart, values: object) =>
  named(chart.manifests(values), 'ConfigMap', 'gwh-receiver').data?.['GWH_QUOTAS']

const aliasesOf = (chart: Chart, component: string, eventAliases: object) =>
  named(chart.manifests({ eventAliases }), 'ConfigMap', `gwh-${component}`).data?.['GWH_EVENT_ALIASES']

/** What the schema of the values takes for a setting; the first word where it takes only some. */
const exampleOf: Readonly<Record<string, string | number>> = {
  NUMBER: 7,
  PATH: '/hooks',
  PORT: '8081',
  DURATION: '10s',
  SIZE: '2GiB',
  URL: 'https://example.com',
  SAMPLER: 'parentbased_always_on',
  VERSION: 'v1beta',
}

withHelm('the chart', (charts) => {
  for (const chart of charts) {
    for (const [name, values] of Object.entries(valueSets)) {
      test(`Helm ${chart.major} lints it with ${name}`, () => {
        assert.match(chart.lint(values), /0 chart\(s\) failed/)
      })
    }
  }

  const [chart, other]: readonly (Chart | undefined)[] = charts
  assert.ok(chart)
  if (other !== undefined) {
    test('both majors of Helm render the same objects', () => {
      for (const values of Object.values(valueSets)) assert.deepEqual(chart.manifests(values), other.manifests(values))
    })
  }

  test('no object appears twice, and each says to whom it belongs', () => {
    for (const [name, values] of Object.entries(valueSets)) {
      const manifests = chart.manifests(values)
      const ids = manifests.map(idOf)
      assert.deepEqual(ids, [...new Set(ids)], name)
      for (const manifest of manifests) {
        assert.equal(manifest.metadata.labels?.['app.kubernetes.io/name'], 'gemini-webhook-operator', idOf(manifest))
      }
    }
  })

  const refused: RefusedValues = {
    'a value that does not exist': [{ reciever: {} }, /reciever/],
    'a setting that the controller does not have': [{ controller: { config: { callTimeOut: '5s' } } }, /callTimeOut/],
    'a setting that the chart sets itself': [{ receiver: { config: { dataDir: '/elsewhere' } } }, /dataDir/],
    'a setting of the wrong type': [{ controller: { config: { workers: 'many' } } }, /workers/],
    'an alias that is no name': [{ eventAliases: { 'a b': 'ping' } }, /eventAliases/],
    'an alias of what is no event': [{ eventAliases: { 'batch.completed': 'Batch' } }, /eventAliases/],
    'a kind without its plural': [{ addressableKinds: ['eventing.knative.dev/v1/Broker'] }, /addressableKinds/],
    'NATS sinks without servers': [{ natsSinks: { credentials: { secretName: 'a' } } }, /natsSinks.urls: is empty/],
    'NATS sinks with two sources of authorities': [
      { natsSinks: { urls: ['nats://n:4222'], ca: { secretName: 'a', configMapName: 'b' } } },
      /natsSinks.ca: secretName and configMapName/,
    ],
    'Kafka sinks without brokers': [{ kafkaSinks: { tls: true } }, /kafkaSinks.brokers: is empty/],
    'a broker without a port': [{ kafkaSinks: { brokers: ['kafka'] } }, /brokers/],
    'Kafka sinks with two sources of authorities': [
      { kafkaSinks: { brokers: ['k:9092'], tls: true, ca: { secretName: 'a', configMapName: 'b' } } },
      /kafkaSinks.ca: secretName and configMapName/,
    ],
    'authorities of brokers that are not asked for certificates': [
      { kafkaSinks: { brokers: ['k:9092'], ca: { secretName: 'a' } } },
      /kafkaSinks.tls: must be true/,
    ],
    'a login without a password': [
      { kafkaSinks: { brokers: ['k:9092'], sasl: { mechanism: 'SCRAM-SHA-512', user: 'gwh' } } },
      /kafkaSinks.sasl: mechanism, user and password/,
    ],
    'a password that everybody on the way could read': [
      { kafkaSinks: { brokers: ['k:9092'], sasl: { mechanism: 'PLAIN', user: 'u', password: { secretName: 'a' } } } },
      /PLAIN without tls/,
    ],
    'no base URL': [{ baseUrl: '' }, /baseUrl: is required/],
    'a base URL that is not one': [{ baseUrl: 'hooks.example.com' }, /baseUrl/],
    'a base URL without TLS': [{ baseUrl: 'http://hooks.example.com' }, /Google delivers to https only/],
    'a route without a gateway': [{ httpRoute: { enabled: true } }, /httpRoute.parentRefs: is empty/],
    'two controllers without an election': [
      { controller: { replicas: 2, config: { leaderElection: false } } },
      /needs controller.config.leaderElection/,
    ],
    'a network volume mode': [{ receiver: { persistence: { accessMode: 'ReadWriteMany' } } }, /accessMode/],
  }
  testRefusals(charts, refused)

  for (const [name, role] of Object.entries({ controller: controllerSettings, receiver: receiverSettings })) {
    test(`every setting of the ${name} that can be given in values arrives under the name that the program reads`, () => {
      const keys = Object.keys(role.settings).filter((property) => !settingsOfTheChart.has(namesOf(property).key))
      assert.ok(keys.length > 10)
      const config = Object.fromEntries(
        keys.map((property) => {
          const setting = role.settings[property as keyof typeof role.settings] as {
            shape: string
            placeholder: string
          }
          const scalar = exampleOf[setting.placeholder] ?? setting.placeholder.split('|')[0] ?? 'text'
          return [namesOf(property).key, { boolean: true, list: ['one', 'two'], scalar }[setting.shape]]
        }),
      )
      const data = named(chart.manifests({ [name]: { config } }), 'ConfigMap', `gwh-${name}`).data ?? {}
      for (const property of keys) assert.ok(data[namesOf(property).env], namesOf(property).env)
    })
  }

  test('what the pods are given is a configuration that the programs accept', () => {
    for (const [name, values] of Object.entries(valueSets)) {
      const rendered: Manifest[] = chart.manifests(values)
      const [forController, forReceiver] = ['gwh-controller', 'gwh-receiver'].map(
        (configMap) => named(rendered, 'ConfigMap', configMap).data ?? {},
      )
      const [controllerFlags, receiverFlags] = ['gwh-controller', 'gwh-receiver'].map((workload) =>
        rendered
          .filter(({ kind, metadata }) => workloadKinds.has(kind) && metadata.name === workload)
          .flatMap((manifest) => podOf(manifest).containers[0].args?.slice(1) ?? []),
      )
      // The address of these values is one of the documentation: a controller starts with it beside a simulator alone.
      const simulated = { GWH_GOOGLE_BASE_URL: 'http://127.0.0.1:8080' }
      const parsed = [
        parseSettings(controllerSettings, { flags: controllerFlags ?? [], env: { ...simulated, ...forController } }),
        parseSettings(receiverSettings, { flags: receiverFlags ?? [], env: forReceiver ?? {} }),
      ]
      for (const outcome of parsed) assert.equal(outcome.type, 'config', `${name}: ${JSON.stringify(outcome)}`)
    }
  })

  test('the receiver serves below the path of the base URL, and the routes lead there', () => {
    const manifests = chart.manifests(valueSets['a path prefix and more hosts'] ?? {})
    assert.equal(named(manifests, 'ConfigMap', 'gwh-receiver').data?.['GWH_PATH_PREFIX'], '/gemini/events')
    const { rules } = named(manifests, 'Ingress', 'gwh-receiver').spec as {
      rules: { host: string; http: { paths: { path: string }[] } }[]
    }
    assert.deepEqual(
      rules.map(({ host }) => host),
      ['hooks.example.com', 'other.example.com', 'third.example.org'],
    )
    assert.deepEqual(
      rules[0]?.http.paths.map(({ path }) => path),
      ['/gemini/events/v1/s', '/gemini/events/v1/d', '/gemini/events/v1/r'],
    )
  })

  test('the kubelet waits longer than the programs need to stop', () => {
    assert.deepEqual(graceOf(chart, {}, {}), [25 + 15, 15 + 10 + 15])
    assert.deepEqual(graceOf(chart, { shutdownGrace: '1m30s' }, { drain: '2m', shutdownGrace: '1500ms' }), [
      90 + 15,
      120 + 2 + 15,
    ])
  })

  test('every keyring Secret is mounted where the receiver looks for it, and may be missing', () => {
    const { volumes = [], containers } = podOf(named(chart.manifests({}), 'StatefulSet', 'gwh-receiver'))
    const mounts = new Map(containers[0]?.volumeMounts?.map(({ name, mountPath }) => [name, mountPath]))
    for (const shard of allKeyringSecretNames()) {
      const volume = volumes.find(({ secret }) => secret?.secretName === shard)
      assert.equal(volume?.secret?.optional, true, shard)
      assert.equal(mounts.get(volume?.name ?? ''), `/etc/gwh/keyring/${shard}`)
    }
  })

  test('the controller may get the kinds that sinks may name, wherever it watches, and nothing more of them', () => {
    const kinds = valueSets['sinks that are Brokers and Channels'] ?? {}
    for (const [scope, kind, name] of [
      [{}, 'ClusterRole', 'gwh-controller'],
      [{ watchNamespaces: ['team-a'] }, 'Role', 'gwh-controller-webhooks'],
    ] as const) {
      const manifests = chart.manifests({ ...kinds, ...scope })
      const rules = named(manifests, kind, name).rules as {
        apiGroups: string[]
        resources: string[]
        verbs: string[]
      }[]
      const knative = rules.filter(({ apiGroups }) => apiGroups.some((group) => group.endsWith('knative.dev')))
      assert.deepEqual(knative, [
        { apiGroups: ['eventing.knative.dev'], resources: ['brokers'], verbs: ['get'] },
        { apiGroups: ['messaging.knative.dev'], resources: ['inmemorychannels'], verbs: ['get'] },
      ])
      assert.equal(
        named(manifests, 'ConfigMap', 'gwh-controller').data?.['GWH_ADDRESSABLE_KINDS'],
        'eventing.knative.dev/v1/Broker=brokers,messaging.knative.dev/v1/InMemoryChannel=inmemorychannels',
      )
    }
  })

  test('quotas: by namespace with what is left out from the default; nothing where all are alike; nonsense is refused', () => {
    const given = quotasOf(chart, valueSets['namespaces that are not alike'] ?? {})
    assert.equal(given, '*=2:50%,0=2:50%,ml=4:50%,playground=2:10%')
    const parsed = parseSettings(receiverSettings, { flags: [], env: { GWH_QUOTAS: given ?? '' } })
    assert.equal(parsed.type, 'config')
    assert.equal(quotasOf(chart, {}), undefined)
    for (const namespaces of [{ ml: { weight: 0 } }, { ml: { maxShare: 0.5 } }, { Ml: {} }, { ml: { share: '5%' } }]) {
      assert.throws(() => chart.manifests({ quotas: { namespaces } }), /quotas/)
    }
  })

  test('eventAliases: both roles are given the same ones, and nothing where there are none', () => {
    for (const component of ['controller', 'receiver']) {
      const given = aliasesOf(chart, component, { 'webhook.test': 'ping', 'batch.completed': 'batch.succeeded' })
      assert.equal(given, 'batch.completed=batch.succeeded,webhook.test=ping')
      assert.equal(aliasesOf(chart, component, {}), undefined)
    }
  })

  test('Services and their endpoints: the controller may read and watch them where GeminiWebhooks are, the receiver only what leads to the API server', () => {
    type Rules = { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[]
    const about = (manifests: Manifest[], kind: string, name: string) =>
      (named(manifests, kind, name).rules as Rules).filter(({ resources }) =>
        resources.some((each) => each === 'services' || each === 'endpointslices'),
      )
    const services = { apiGroups: [''], resources: ['services'], verbs: ['get', 'list', 'watch'] }
    const slices = { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }
    const own = { ...slices, resourceNames: ['kubernetes'], verbs: ['get'] }
    const whole = chart.manifests({})
    assert.deepEqual(about(whole, 'ClusterRole', 'gwh-controller'), [services, slices])
    assert.deepEqual(about(whole, 'ClusterRole', 'gwh-receiver'), [own])
    const narrow = chart.manifests(valueSets['namespace-scoped'] ?? {})
    assert.deepEqual(about(narrow, 'Role', 'gwh-controller-webhooks'), [services, slices])
    assert.deepEqual(about(narrow, 'Role', 'gwh-receiver-webhooks'), [])
  })

  test('what sinks may use besides is a value: namespaces of referenced Services, and foreign endpoints', () => {
    const [set = {}, without = {}] = [valueSets['sinks that are Brokers and Channels'] ?? {}, {}].map(
      (values) => named(chart.manifests(values), 'ConfigMap', 'gwh-controller').data ?? {},
    )
    assert.equal(set['GWH_ADDRESSABLE_NAMESPACES'], 'knative-eventing')
    assert.equal(set['GWH_ALLOW_FOREIGN_ENDPOINTS'], 'true')
    assert.equal(without['GWH_ALLOW_FOREIGN_ENDPOINTS'], undefined)
  })

  test('NATS sinks: the controller gets the prefix, the receiver the servers with their files, and the way there is open', () => {
    const manifests = chart.manifests(valueSets['sinks in NATS beside an inbox on disk'] ?? {})
    const [forController, forReceiver] = ['gwh-controller', 'gwh-receiver'].map(
      (configMap) => named(manifests, 'ConfigMap', configMap).data ?? {},
    )
    assert.equal(forController?.['GWH_NATS_SINK_PREFIX'], 'prod.gemini')
    assert.equal(forReceiver?.['GWH_NATS_SINK_URL'], 'tls://nats.events:4333')
    const { volumes = [], containers } = podOf(named(manifests, 'StatefulSet', 'gwh-receiver'))
    for (const [variable, volume, file] of [
      ['GWH_NATS_SINK_CREDENTIALS', 'nats-sink-credentials', 'sinks.creds'],
      ['GWH_NATS_SINK_CA', 'nats-sink-ca', 'bundle.pem'],
    ] as const) {
      const mount = containers[0]?.volumeMounts?.find(({ name }) => name === volume)
      assert.equal(forReceiver?.[variable], `${mount?.mountPath}/${file}`)
      assert.ok(volumes.some(({ name }) => name === volume))
    }
    const { egress } = named(manifests, 'NetworkPolicy', 'gwh-receiver').spec as {
      egress: { ports?: { port: number }[] }[]
    }
    assert.ok(egress.some(({ ports }) => ports?.some(({ port }) => port === 4333)))
    const without = chart.manifests({})
    assert.equal(named(without, 'ConfigMap', 'gwh-controller').data?.['GWH_NATS_SINK_PREFIX'], undefined)
  })

  test('traces: the receiver gets the address and the ratio, its exporter the headers, and the way there is open', () => {
    const manifests = chart.manifests(valueSets['traces to a collector that wants a key'] ?? {})
    const settingsOf = (all: typeof manifests) => named(all, 'ConfigMap', 'gwh-receiver').data ?? {}
    const data = settingsOf(manifests)
    assert.deepEqual(
      [data['GWH_TRACE_ENDPOINT'], data['GWH_TRACE_SAMPLE_RATIO']],
      ['https://otlp.example.com:4318/team', '0.25'],
    )
    const [container] = podOf(named(manifests, 'StatefulSet', 'gwh-receiver')).containers
    const ofExporter = container?.env?.find(({ name }) => name === 'OTEL_EXPORTER_OTLP_HEADERS')
    assert.deepEqual(ofExporter, {
      name: 'OTEL_EXPORTER_OTLP_HEADERS',
      valueFrom: { secretKeyRef: { name: 'gwh-otlp', key: 'headers.txt' } },
    })
    const { egress } = named(manifests, 'NetworkPolicy', 'gwh-receiver').spec as {
      egress: { ports?: { port: number }[] }[]
    }
    assert.ok(egress.some(({ ports }) => ports?.some(({ port }) => port === 4318)))
    const ratios = [1, 0, 0.5, 0.00001].map((sampleRatio) => {
      const tracing = { endpoint: 'http://collector:4318', sampleRatio }
      return settingsOf(chart.manifests({ tracing }))['GWH_TRACE_SAMPLE_RATIO']
    })
    assert.deepEqual(ratios, ['1', '0', '0.5', '0.00001'])
    const without = JSON.stringify(chart.manifests({}))
    assert.ok(!without.includes('GWH_TRACE') && !without.includes('OTEL_'))
  })

  test('Kafka sinks: the controller gets the prefix, the receiver the brokers with its login and files, and the way there is open', () => {
    const manifests = chart.manifests(valueSets['sinks in Kafka'] ?? {})
    const [forController, forReceiver = {}] = ['gwh-controller', 'gwh-receiver'].map(
      (configMap) => named(manifests, 'ConfigMap', configMap).data ?? {},
    )
    assert.equal(forController?.['GWH_KAFKA_SINK_PREFIX'], 'prod.gemini')
    assert.equal(
      forReceiver['GWH_KAFKA_SINK_BROKER'],
      'kafka-0.kafka.messaging:9094,[fd00::9]:9095,kafka-1.kafka.messaging:9094',
    )
    assert.deepEqual(
      ['TLS', 'SASL', 'USER'].map((name) => forReceiver[`GWH_KAFKA_SINK_${name}`]),
      ['true', 'SCRAM-SHA-512', 'gwh'],
    )
    const { volumes = [], containers } = podOf(named(manifests, 'StatefulSet', 'gwh-receiver'))
    for (const [variable, volume, file] of [
      ['GWH_KAFKA_SINK_CA', 'kafka-sink-ca', 'bundle.pem'],
      ['GWH_KAFKA_SINK_CLIENT_CERT', 'kafka-sink-certificate', 'tls.crt'],
      ['GWH_KAFKA_SINK_CLIENT_KEY', 'kafka-sink-certificate', 'tls.key'],
      ['GWH_KAFKA_SINK_PASSWORD', 'kafka-sink-password', 'secret'],
    ] as const) {
      const mount = containers[0]?.volumeMounts?.find(({ name }) => name === volume)
      assert.equal(forReceiver[variable], `${mount?.mountPath}/${file}`)
      assert.ok(volumes.some(({ name }) => name === volume))
    }
    const { egress } = named(manifests, 'NetworkPolicy', 'gwh-receiver').spec as {
      egress: { ports?: { port: number }[]; to?: unknown }[]
    }
    const toBrokers = egress.find(({ ports }) => ports?.some(({ port }) => port === 9094))
    assert.deepEqual(
      toBrokers?.ports?.map(({ port }) => port),
      [9094, 9095],
    )
    assert.deepEqual(toBrokers?.to, [
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'messaging' } } },
    ])
    const without = chart.manifests({})
    assert.equal(named(without, 'ConfigMap', 'gwh-controller').data?.['GWH_KAFKA_SINK_PREFIX'], undefined)
    assert.doesNotMatch(JSON.stringify(named(without, 'ConfigMap', 'gwh-receiver').data), /KAFKA/)
  })

  test('a proxy and a private authority: both roles get them, their files are mounted, and the way to the proxy is open', () => {
    const manifests = chart.manifests(valueSets['a corporate proxy and a private authority'] ?? {})
    for (const [role, kind] of [
      ['gwh-controller', 'Deployment'],
      ['gwh-receiver', 'StatefulSet'],
    ] as const) {
      const settings = named(manifests, 'ConfigMap', role).data ?? {}
      assert.equal(settings['GWH_HTTPS_PROXY'], 'http://proxy.corp.example.com:3128')
      assert.equal(settings['GWH_PROXY_BYPASS'], '.corp.example.com,10.0.0.0/8')
      const { volumes = [], containers } = podOf(named(manifests, kind, role))
      for (const [variable, volume, file] of [
        ['GWH_PROXY_CREDENTIALS', 'proxy-credentials', 'credentials'],
        ['GWH_TRUSTED_CA', 'trusted-ca', 'bundle.pem'],
      ] as const) {
        const mount = containers[0]?.volumeMounts?.find(({ name }) => name === volume)
        assert.equal(settings[variable], `${mount?.mountPath}/${file}`)
        assert.ok(volumes.some(({ name }) => name === volume))
      }
      const { egress } = named(manifests, 'NetworkPolicy', role).spec as { egress: { ports?: { port: number }[] }[] }
      assert.ok(egress.some(({ ports }) => ports?.some(({ port }) => port === 3128)))
      assert.equal(named(chart.manifests({}), 'ConfigMap', role).data?.['GWH_HTTPS_PROXY'], undefined)
    }
  })

  test('a TLS Secret of the receiver is mounted where its settings say, and the Service tells what is spoken', () => {
    const manifests = chart.manifests(
      valueSets['TLS in the receiver, behind a load balancer that passes it through'] ?? {},
    )
    const { volumes = [], containers } = podOf(named(manifests, 'StatefulSet', 'gwh-receiver'))
    const mount = containers[0]?.volumeMounts?.find(({ name }) => name === 'tls')
    assert.equal(volumes.find(({ name }) => name === 'tls')?.secret?.secretName, 'hooks-tls')
    const data = named(manifests, 'ConfigMap', 'gwh-receiver').data ?? {}
    assert.equal(data['GWH_TLS_CERT'], `${mount?.mountPath}/tls.crt`)
    assert.equal(data['GWH_TLS_KEY'], `${mount?.mountPath}/tls.key`)
    assert.equal(data['GWH_TRUSTED_PROXIES'], '10.0.0.0/8,fd00::/8')
    const portsOf = (all: typeof manifests) =>
      (named(all, 'Service', 'gwh-receiver').spec as { ports: { port: number; appProtocol?: string }[] }).ports
    assert.deepEqual(portsOf(manifests), [{ name: 'http', port: 443, targetPort: 'http', appProtocol: 'https' }])
    assert.deepEqual(portsOf(chart.manifests({})), [{ name: 'http', port: 80, targetPort: 'http' }])
  })

  test('watching chosen namespaces needs no right outside of them', () => {
    const manifests = chart.manifests(valueSets['namespace-scoped'] ?? {})
    assert.deepEqual(manifests.filter(({ kind }) => kind.startsWith('Cluster')).map(idOf), [])
    assert.deepEqual(
      new Set(manifests.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata.namespace)),
      new Set(['team-a', 'team-b', 'gemini-webhook-system']),
    )
  })

  test('the CRDs are kept when the release is uninstalled, unless that is asked for, and are left out together', () => {
    const names = allCrds().map(({ metadata }) => metadata.name)
    assert.equal(names.length, 2)
    assert.deepEqual(
      policiesOf(chart, {}),
      names.map((name) => [name, 'keep']),
    )
    assert.deepEqual(
      policiesOf(chart, { crds: { keep: false } }),
      names.map((name) => [name, undefined]),
    )
    assert.deepEqual(policiesOf(chart, { crds: { enabled: false } }), [])
  })

  test('the labels of namespaces are read only where all of them are watched: a right on them is one of the cluster', () => {
    type Rules = { resources: string[]; verbs: string[] }[]
    const about = (values: object, kind: string, name: string) =>
      (named(chart.manifests(values), kind, name).rules as Rules)
        .filter(({ resources }) => resources.includes('namespaces'))
        .flatMap(({ verbs }) => verbs)
    const narrow = valueSets['namespace-scoped'] ?? {}
    assert.deepEqual(about({}, 'ClusterRole', 'gwh-controller'), ['get', 'list', 'watch'])
    assert.deepEqual(about(narrow, 'Role', 'gwh-controller-webhooks'), ['get'])
    assert.deepEqual(about({}, 'ClusterRole', 'gwh-receiver'), [])
  })

  for (const each of charts) {
    test(`deploy/install.yaml and deploy/rbac are what Helm ${each.major} renders ("npm run generate:deploy")`, () => {
      const rendered = renderManifests(each.helm, readFileSync('deploy/namespace.yaml', 'utf8'))
      for (const [path, text] of Object.entries(rendered)) assert.equal(readFileSync(path, 'utf8'), text, path)
    })
  }
})
