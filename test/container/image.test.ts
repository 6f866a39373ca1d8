import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, globSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { describe, test } from 'node:test'

import { GenericContainer, getContainerRuntimeClient, ImageName, Network, Wait } from 'testcontainers'
import { Webhook } from 'standardwebhooks'

import packageJson from '../../package.json' with { type: 'json' }
import { keyIdOf } from '../../src/contract/keyring/shard.ts'
import { absentApiServer } from '../support/doubles/absent-api-server.ts'
import { findContainerEngine } from '../support/processes/container-engine.ts'
import { eventually } from '../support/measures/eventually.ts'
import { aKeyringEntry, writeKeyringFolder } from '../support/builders/keyring-folder.ts'
import { recordSecret } from '../support/measures/run-record.ts'

/** The Dockerfile as it stands, built and run by a container engine, hardened as the chart runs it. */
const engine = await findContainerEngine(process.env)
const image = 'local/gemini-webhook-operator:container-test'
const nobody = '65532:65532'

const rememberingWorker = `
  const received = []
  require('node:http').createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'POST') received.push({ id: request.headers['ce-id'], type: request.headers['ce-type'] })
      response.end(JSON.stringify(received))
    })
  }).listen(8080, () => console.log('worker listens'))`

describe('the image that the Dockerfile builds', { skip: engine.lacks('build') }, () => {
  test('verifies, stores and delivers as a user without rights on a read-only root', async (t) => {
    await GenericContainer.fromDockerfile('.')
      .withBuildArgs({
        BUILD_IMAGE: engine.images.build,
        VERSION: packageJson.version,
        REVISION: 'container-test',
      })
      .build(image, { deleteOnExit: false })
    const { image: images, container: containers } = await getContainerRuntimeClient()
    const built = await images.inspect(ImageName.fromString(image))
    t.diagnostic(`image ${(built.Size / 1024 ** 2).toFixed(1)} MiB`)
    assert.equal(built.Config.User, nobody)
    assert.equal(built.Config.Labels['org.opencontainers.image.version'], packageJson.version)

    await using network = await new Network().start()
    await using worker = await new HardenedContainer(image)
      .withEntrypoint(['node', '--eval'])
      .withCommand([rememberingWorker])
      .withNetwork(network)
      .withNetworkAliases('batch-worker')
      .withExposedPorts(8080)
      .withWaitStrategy(Wait.forLogMessage('worker listens'))
      .start()

    const folder = mkdtempSync(join(tmpdir(), 'gwh-container-'))
    chmodSync(folder, 0o755)
    t.after(() => rmSync(folder, { recursive: true }))
    const secret = `whsec_${randomBytes(24).toString('base64')}`
    recordSecret(secret)
    await writeKeyringFolder(join(folder, 'keyring'), [
      aKeyringEntry({
        uid: randomUUID(),
        namespace: 'ml',
        name: 'batch-events',
        secrets: [{ keyId: keyIdOf(secret), secret }],
        sinkUrl: 'http://batch-worker:8080/',
      }),
    ])
    writeFileSync(join(folder, 'kubeconfig'), absentApiServer)
    await using receiver = await new HardenedContainer(image)
      .withCommand([
        'receiver',
        '--data-dir=/var/lib/gwh',
        '--keyring-dir=/etc/gwh/keyring',
        '--kubeconfig=/etc/gwh/kubeconfig',
      ])
      .withBindMounts([{ source: folder, target: '/etc/gwh', mode: 'ro' }])
      .withNetwork(network)
      .withTmpFs({ '/var/lib/gwh': 'rw,mode=1777,size=64m' })
      .withExposedPorts(8080)
      .withWaitStrategy(Wait.forHttp('/healthz', 8080).forStatusCode(200))
      .start()

    const { HostConfig, Config } = await containers.inspect(containers.getById(receiver.getId()))
    assert.deepEqual([HostConfig.ReadonlyRootfs, Config.User, HostConfig.CapDrop], [true, nobody, ['ALL']])
    const exported = await containers.getById(receiver.getId()).export()
    assert.deepEqual(await filesOf(exported), builtWithoutAnEngine(folder))

    const id = `msg_${randomUUID()}`
    const at = new Date()
    const body = JSON.stringify({ type: 'batch.succeeded', version: 'v1', data: { id: 'batches/1' } })
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    }
    const endpoint = `http://${receiver.getHost()}:${receiver.getMappedPort(8080)}/v1/s/ml/batch-events`
    const post = (signature: string) =>
      fetch(endpoint, { method: 'POST', headers: { ...headers, 'webhook-signature': signature }, body })
    const forged = new Webhook(`whsec_${randomBytes(24).toString('base64')}`).sign(id, at, body)
    assert.equal((await post(forged)).status, 401)
    assert.equal((await post(headers['webhook-signature'])).status, 204)
    const delivered = await eventually('the delivery at the worker', async () => {
      const answer = await fetch(`http://${worker.getHost()}:${worker.getMappedPort(8080)}/`)
      const received = (await answer.json()) as { id: string; type: string }[]
      return received.length > 0 && received
    })
    assert.deepEqual(delivered, [{ id, type: 'com.google.gemini.batch.succeeded' }])
  })
})

/** Added by the engine to every container, or mounted by this test; and the root, which not every engine exports. */
const ofTheEngine = /^(\/$|\.dockerenv$|dev\/|proc\/|sys\/|var\/|etc\/(gwh\/|hostname$|hosts$|mtab$|resolv\.conf$))/
/** They come from where an image is built, so that here only their folders are compared. */
const ofTheBuilder = /^(lib[^/]*\/.+|etc\/os-release)$/
/** They name the libraries. */
const aboutTheBuilder = /^(usr\/share\/sbom|licenses\/THIRD_PARTY)/

/** Permissions and content of each file in an archive, by its path. */
async function filesOf(archive: NodeJS.ReadableStream): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-exported-'))
  try {
    const tar = spawn('tar', ['--extract', '--preserve-permissions', '--directory', folder], {
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    const [[status]] = await Promise.all([once(tar, 'exit'), pipeline(archive, tar.stdin)])
    assert.equal(status, 0)
    return filesBelow(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function filesBelow(folder: string): Record<string, string> {
  const paths = globSync('**', {
    cwd: folder,
    withFileTypes: true,
    exclude: ({ name }) => name === 'proc' || name === 'sys',
  })
  const files = paths.map((entry): [string, string] => {
    const path = relative(folder, join(entry.parentPath, entry.name)) + (entry.isDirectory() ? '/' : '')
    const mode = (lstatSync(join(folder, path)).mode & 0o7777).toString(8)
    if (!entry.isFile() || aboutTheBuilder.test(path)) return [path, mode]
    return [
      path,
      `${mode} ${createHash('sha256')
        .update(readFileSync(join(folder, path)))
        .digest('hex')}`,
    ]
  })
  const compared = files.filter(([path]) => !ofTheEngine.test(path) && !ofTheBuilder.test(path))
  return Object.fromEntries(compared.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What `npm run image` puts into the image. */
function builtWithoutAnEngine(work: string): Record<string, string> {
  const folder = join(work, 'built')
  execFileSync(process.execPath, ['tools/build-image.ts', `--folder=${folder}`], { stdio: 'inherit' })
  return { ...filesBelow(join(folder, 'base')), ...filesBelow(join(folder, 'program')) }
}

/** As the chart runs it: no rights to gain, nothing to write to but the volumes. */
class HardenedContainer extends GenericContainer {
  constructor(name: string) {
    super(name)
    this.hostConfig.ReadonlyRootfs = true
    this.withUser(nobody).withDroppedCapabilities('ALL').withSecurityOpt('no-new-privileges')
  }
}
