import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, openSync, closeSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { AclOperations, AclPermissionTypes, Admin, ResourcePatternTypes, ResourceTypes } from '@platformatic/kafka'

import { eventually } from '../measures/eventually.ts'
import { freePorts } from './free-ports.ts'

/**
 * KAFKA_LIBS, the folder with the jars of a broker (`libs` of its archive); undefined without one. Throws where
 * GWH_REQUIRE_KAFKA=1 forbids to go on without.
 */
export function findKafka(environment = process.env): string | undefined {
  const { KAFKA_LIBS: libs, GWH_REQUIRE_KAFKA: required } = environment
  const isThere = libs !== undefined && globSync(join(libs, 'kafka_*.jar')).length > 0
  if (!isThere && (libs || required === '1')) {
    throw new Error(`no Kafka broker: KAFKA_LIBS (${libs ?? 'not set'}) is no folder with its jars`)
  }
  return isThere ? libs : undefined
}

/** For `skip` of a test or suite: its reason, which the summary shows. */
export const withoutKafka =
  findKafka() === undefined && 'no Kafka broker: set KAFKA_LIBS to the folder with its jars, and have java, to run this'

const startTimeoutMs = 90_000

export interface KafkaLogin {
  readonly user: string
  readonly password: string
}

interface ServerSettings {
  /** More lines for its configuration. */
  configuration?: readonly string[]
  /** Logs in with each mechanism where the broker asks for it. */
  login?: KafkaLogin
}

/**
 * A real broker with four listeners on free ports of this machine: open to everybody, with a login (SCRAM), encrypted
 * with client certificates, encrypted with a login (PLAIN and SCRAM). Killed and started again at will on the same data
 * and ports. Everybody on the open listener is its administrator.
 */
export class KafkaServer {
  readonly #libs: string
  readonly #folder: string
  readonly #settings: ServerSettings
  readonly #ports: readonly number[]
  #child: ChildProcess | undefined

  private constructor(libs: string, folder: string, options: { settings: ServerSettings; ports: readonly number[] }) {
    this.#libs = libs
    this.#folder = folder
    this.#settings = options.settings
    this.#ports = options.ports
  }

  static async start(settings: ServerSettings = {}): Promise<KafkaServer> {
    const libs = findKafka()
    if (libs === undefined) throw new Error('no Kafka broker')
    const folder = await mkdtemp(join(tmpdir(), 'gwh-kafka-'))
    const server = new KafkaServer(libs, folder, { settings, ports: await freePorts(5) })
    try {
      await server.#format()
      await server.start()
    } catch (error) {
      await server.dispose()
      throw error
    }
    return server
  }

  /** `HOST:PORT` of the listener for everybody. */
  get open(): string {
    return this.#at(0)
  }

  get withLogin(): string {
    return this.#at(1)
  }

  get withCertificates(): string {
    return this.#at(2)
  }

  get encryptedWithLogin(): string {
    return this.#at(3)
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    const child = this.#java(['kafka.Kafka', this.#configurationFile], 'broker.log')
    this.#child = child
    const isUp = async () => {
      if (child.exitCode !== null) {
        throw new Error(`the broker ended with ${child.exitCode}: ${await readFile(this.#file('broker.log'), 'utf8')}`)
      }
      // It listens once it serves.
      return accepts(this.#ports[0] ?? 0)
    }
    await eventually('the broker is up', isUp, { timeoutMs: startTimeoutMs, intervalMs: 100 })
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Ends it and removes its data. */
  async dispose(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Lets its user with a login write to topics that begin with this. */
  async allowWriting(prefix: string): Promise<void> {
    const admin = new Admin({ clientId: 'test-admin', bootstrapBrokers: [this.open] })
    const { WRITE, CREATE, DESCRIBE } = AclOperations
    const creations = [WRITE, CREATE, DESCRIBE].map((operation) => ({
      resourceType: ResourceTypes.TOPIC,
      resourceName: prefix,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
      principal: `User:${this.#settings.login?.user ?? ''}`,
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    }))
    try {
      await admin.createAcls({ creations })
    } finally {
      await admin.close()
    }
  }

  #at(listener: number): string {
    return `127.0.0.1:${this.#ports[listener] ?? 0}`
  }

  get #configurationFile(): string {
    return this.#file('server.properties')
  }

  #file(name: string): string {
    return join(this.#folder, name)
  }

  async #format(): Promise<void> {
    await writeFile(this.#configurationFile, this.#configuration().join('\n'))
    const { login } = this.#settings
    const scram = (mechanism: string) => `${mechanism}=[name=${login?.user ?? ''},password=${login?.password ?? ''}]`
    const users =
      login === undefined ? [] : ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((m) => ['--add-scram', scram(m)])
    const id = Buffer.from('gwh-kafka-test-1').toString('base64url')
    await this.#run(['kafka.tools.StorageTool', 'format', '-t', id, '-c', this.#configurationFile, ...users])
  }

  #configuration(): string[] {
    const { configuration = [], login } = this.#settings
    const { user = 'nobody', password = 'unused' } = login ?? {}
    const listeners = ['OPEN', 'LOGIN', 'CERTIFICATES', 'TLSLOGIN'].map((name, at) => `${name}://${this.#at(at)}`)
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
    return [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@${this.#at(4)}`,
      `listeners=${[...listeners, `CONTROLLER://${this.#at(4)}`].join(',')}`,
      `advertised.listeners=${listeners.join(',')}`,
      'listener.security.protocol.map=OPEN:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CERTIFICATES:SSL,TLSLOGIN:SASL_SSL,CONTROLLER:PLAINTEXT',
      'controller.listener.names=CONTROLLER',
      'inter.broker.listener.name=OPEN',
      `log.dirs=${this.#file('data')}`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'group.initial.rebalance.delay.ms=0',
      'num.partitions=3',
      'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // The listener with certificates is for what they are about; rights are tried with the login.
      'super.users=User:ANONYMOUS;User:CN=client-1',
      'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      ...['login', 'tlslogin'].flatMap((listener) => [
        `listener.name.${listener}.scram-sha-256.sasl.jaas.config=${scram}`,
        `listener.name.${listener}.scram-sha-512.sasl.jaas.config=${scram}`,
        `listener.name.${listener}.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${user}="${password}";`,
      ]),
      'ssl.keystore.type=PEM',
      `ssl.keystore.certificate.chain=${oneLine('server-1.cert')}`,
      `ssl.keystore.key=${oneLine('server-1.key')}`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.certificates=${oneLine('authority-1.cert')}`,
      'listener.name.certificates.ssl.client.auth=required',
      ...configuration,
    ]
  }

  #java(args: readonly string[], log: string): ChildProcess {
    mkdirSync(this.#folder, { recursive: true })
    const output = openSync(this.#file(log), 'a')
    try {
      const options = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-cp', join(this.#libs, '*')]
      return spawn('java', [...options, ...args], { stdio: ['ignore', output, output], cwd: this.#folder })
    } finally {
      closeSync(output)
    }
  }

  async #run(args: readonly string[]): Promise<void> {
    const child = this.#java(args, 'tool.log')
    await once(child, 'exit')
    if (child.exitCode !== 0) throw new Error(`${args[0]} failed: ${await readFile(this.#file('tool.log'), 'utf8')}`)
  }
}

/** One of the certificates and keys for tests, as a value of a properties file. */
function oneLine(name: string): string {
  return readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8').trim().replaceAll('\n', '\\n')
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
