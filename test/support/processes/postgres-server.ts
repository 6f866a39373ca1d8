import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { eventually } from '../measures/eventually.ts'
import { isExecutable } from './is-executable.ts'

/**
 * The folder with `initdb` and `postgres`: POSTGRES_BIN_DIR, of PATH, or where Debian puts them. undefined without one;
 * throws where GWH_REQUIRE_EXAMPLES=1 forbids to go on without.
 */
function findPostgres(environment = process.env): string | undefined {
  const { POSTGRES_BIN_DIR: given, PATH = '', GWH_REQUIRE_EXAMPLES: required } = environment
  const folders = given ? [given] : [...globSync('/usr/lib/postgresql/*/bin').toReversed(), ...PATH.split(delimiter)]
  const found = folders.find((folder) => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres')))
  if (found === undefined && (given || required === '1')) {
    throw new Error(`no PostgreSQL: neither POSTGRES_BIN_DIR (${given ?? 'not set'}) nor PATH has initdb and postgres`)
  }
  return found
}

/** For `skip` of a test or suite: its reason, which the summary shows. */
export const withoutPostgres =
  findPostgres() === undefined && 'no PostgreSQL: put initdb and postgres on PATH, or set POSTGRES_BIN_DIR'

/** It refuses to run as root; then this user, which is everywhere, runs it. */
function userOf(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const { stdout } = spawnSync('id', ['-u', 'nobody'], { encoding: 'utf8' })
  const group = spawnSync('id', ['-g', 'nobody'], { encoding: 'utf8' })
  return { uid: Number(stdout), gid: Number(group.stdout) }
}

/**
 * A real server on a port of this machine that was free, stopped and started again at will on the same data and port.
 */
export class PostgresServer {
  readonly #bin: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'gwh-postgres-'))
  readonly #user = userOf()
  #port = 0
  #child: ChildProcess | undefined

  private constructor(bin: string) {
    this.#bin = bin
  }

  static async start(): Promise<PostgresServer> {
    const bin = findPostgres()
    if (bin === undefined) throw new Error('no PostgreSQL')
    const server = new PostgresServer(bin)
    server.#initialize()
    await server.start()
    return server
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`
  }

  #initialize(): void {
    const { uid, gid } = this.#user
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid)
    const data = ['--pgdata', join(this.#folder, 'data'), '--username=postgres', '--auth=trust', '--no-sync']
    const { status, stderr } = spawnSync(join(this.#bin, 'initdb'), data, {
      ...this.#user,
      cwd: this.#folder,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`initdb: ${stderr}`)
  }

  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort()
    const options = ['-c', `port=${this.#port}`, '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=']
    const child = spawn(join(this.#bin, 'postgres'), ['-D', join(this.#folder, 'data'), ...options], {
      ...this.#user,
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#child = child
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
    await eventually('PostgreSQL takes connections', () => {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}: ${log}`)
      return log.includes('database system is ready to accept connections')
    })
  }

  /** Immediate shutdown: connections are cut, and it recovers when it is started again. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGQUIT')
    await once(child, 'exit')
  }

  async dispose(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** PostgreSQL cannot be told to take any free port. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
