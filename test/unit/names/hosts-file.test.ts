import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseHostsFile } from '../../../src/names/hosts-file.ts'

test('names of a hosts file, aliases, both families and comments', () => {
  const hosts = parseHostsFile(`# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost
10.1.2.3 Worker.Internal worker # an alias that somebody set
10.1.2.3 worker
nonsense worker
`)
  assert.deepEqual(hosts.get('localhost'), [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ])
  assert.deepEqual(hosts.get('worker'), [{ address: '10.1.2.3', family: 4 }])
  assert.deepEqual(hosts.get('worker.internal'), hosts.get('worker'))
  assert.equal(hosts.size, 4)
})
