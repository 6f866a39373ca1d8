import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { eventually } from '../measures/eventually.ts'
import { isExecutable } from './is-executable.ts'

/**
 * NATS_SERVER, PATH, or beside the control plane's programs; undefined without one. Throws where GWH_REQUIRE_NATS=1
 * forbids to go on without.
 */
export function findNatsServer(environment = process.env): string | undefined {
  const { NATS_SERVER: given, PATH = '', KUBEBUILDER_ASSETS: assets, GWH_REQUIRE_NATS: required } = environment
  const candidates = given
    ? [given]
    : [...PATH.split(delimiter), assets ?? ''].map((folder) => join(folder, 'nats-server'))
  const found = candidates.find(isExecutable)
  if (found === undefined && (given || required === '1')) {
    throw new Error(
      `no nats-server: neither NATS_SERVER (${given ?? 'not set'}) nor PATH nor KUBEBUILDER_ASSETS has one`,
    )
  }
  return found
}

/** For `skip` of a test or suite: its reason, which the summary shows. */
export const withoutNatsServer =
  findNatsServer() === undefined && 'no nats-server: set NATS_SERVER or put it on PATH to run this'

interface ServerSettings {
  /** More lines for its configuration. */
  configuration?: string
  /** How often it syncs what it has written; 'default' leaves that to the server, which is every two minutes. */
  syncInterval?: 'always' | 'default'
}

/**
 * A real server with JetStream on a free port of this machine, which syncs every write unless told otherwise; killed
 * and started again at will on the same data and port.
 */
export class NatsServer {
  readonly #program: string
  readonly #folder: string
  readonly #settings: ServerSettings
  #port = -1
  #child: ChildProcess | undefined

  private constructor(program: string, folder: string, settings: ServerSettings) {
    this.#program = program
    this.#folder = folder
    this.#settings = settings
  }

  static async start(settings: ServerSettings = {}): Promise<NatsServer> {
    const program = findNatsServer()
    if (program === undefined) throw new Error('no nats-server')
    const server = new NatsServer(program, await mkdtemp(join(tmpdir(), 'gwh-nats-')), settings)
    await server.start()
    return server
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`
  }

  /** undefined: it is down. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  async start({ jetstream = true } = {}): Promise<void> {
    const path = join(this.#folder, 'server.conf')
    const { configuration = '', syncInterval = 'always' } = this.#settings
    const syncing = syncInterval === 'always' ? ', sync_interval: always' : ''
    await writeFile(
      path,
      [
        `listen: "127.0.0.1:${this.#port}"`,
        `ports_file_dir: "${this.#folder}"`,
        jetstream ? `jetstream { store_dir: "${join(this.#folder, 'data')}"${syncing} }` : '',
        configuration,
      ].join('\n'),
    )
    const child = spawn(this.#program, ['-c', path], { stdio: 'ignore' })
    this.#child = child
    const portsFile = join(this.#folder, `nats-server_${child.pid}.ports`)
    const { nats } = await eventually('nats-server tells its port', async () => {
      if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`)
      return JSON.parse(await readFile(portsFile, 'utf8')) as { nats: string[] }
    })
    this.#port = Number(new URL(nats[0] ?? '').port)
  }

  /** SIGKILL: what was not on the disk is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** What it has stored, while it is down. */
  async forget(): Promise<void> {
    await rm(join(this.#folder, 'data'), { recursive: true, force: true })
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    await this.#end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
}
