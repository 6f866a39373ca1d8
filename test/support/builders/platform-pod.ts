const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

/** What the pods of either component may be given alike. */
export const platformPod = (component: string) => ({
  extraArgs: ['--log-level=debug'],
  serviceAccount: { labels: { team: 'platform' }, automountServiceAccountToken: false },
  deploymentAnnotations: { 'reloader.stakater.com/auto': 'true' },
  revisionHistoryLimit: 3,
  startupProbe: { failureThreshold: 120 },
  livenessProbe: { periodSeconds: 30, initialDelaySeconds: 5 },
  readinessProbe: { timeoutSeconds: 1, successThreshold: 2 },
  schedulerName: 'binpacking',
  hostAliases: [{ ip: '10.0.0.7', hostnames: ['proxy.corp.example.com', 'proxy'] }],
  dnsPolicy: 'None',
  dnsConfig: {
    nameservers: ['10.0.0.10'],
    searches: ['svc.cluster.local'],
    options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
  },
  extraVolumes: [{ name: 'shared', emptyDir: {} }],
  extraContainers: [
    {
      name: 'log-shipper',
      image: 'registry.example.com/shipper:1',
      args: [component, '--follow', '--follow'],
      resources: { requests: { cpu: 0.01, memory: '16Mi' } },
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
      livenessProbe: { tcpSocket: { port: 8125 } },
      securityContext: confined,
    },
  ],
  initContainers: [
    { name: 'wait', image: 'registry.example.com/wait:1', command: ['true'], securityContext: confined },
    { name: 'proxy', image: 'registry.example.com/proxy:1', restartPolicy: 'Always', securityContext: confined },
  ],
})
