import { describe, test, type TestContext } from 'node:test'

import { bundledProgram } from '../support/processes/bundled-program.ts'
import { NatsServer, withoutNatsServer } from '../support/processes/nats-server.ts'
import { mulberry32 } from '../support/builders/seeded-random.ts'
import { expectNothingLost, type Installation } from './expect-nothing-lost.ts'
import { killReceiversUnderLoad } from './kill-receivers-under-load.ts'
import { pause } from '../support/measures/pause.ts'

/** Each stands for one random moment. */
const kills = Number(process.env['KILLS'] ?? 50)
const serverKills = Number(process.env['SERVER_KILLS'] ?? 20)
const seed = Number(process.env['GWH_KILL_SEED'] ?? Date.now() % 1_000_000)
/** How long nats-server serves, and then is away, at most. */
const servingMs = 300
const absentMs = 200

const promise =
  'with its inbox in JetStream every delivery answered 204 reaches, under its own id, a sink that fails half of the time'

describe(promise, { skip: withoutNatsServer }, () => {
  const program = bundledProgram()

  test(`across ${kills} SIGKILLs of two receivers that share the stream`, { timeout: 400_000 }, async (t) => {
    const installation = { ...(await anInstallation(t)), program, receivers: 2 }
    await killReceiversUnderLoad(t, installation, kills)
  })

  test(`across ${serverKills} times kill -9 of nats-server; receivers go on`, { timeout: 200_000 }, async (t) => {
    const { server, random, ...settings } = await anInstallation(t)
    await expectNothingLost(t, { ...settings, random, program, receivers: 1 }, async ({ places: [place] }) => {
      await place?.serve()
      for (let kill = 0; kill < serverKills; kill += 1) {
        await place?.acknowledges(20)
        await pause(random() * servingMs)
        await server.kill()
        await pause(random() * absentMs)
        await server.start()
      }
    })
  })
})

/** A server that syncs every write before it acknowledges it: one server alone keeps the promise only so. */
async function anInstallation(
  t: TestContext,
): Promise<Omit<Installation, 'program' | 'receivers'> & { server: NatsServer }> {
  const server = await NatsServer.start()
  t.after(() => server.dispose())
  t.diagnostic(`GWH_KILL_SEED=${seed}`)
  return {
    server,
    random: mulberry32(seed),
    inboxFlags: () => ['--inbox=jetstream', `--nats-url=${server.url}`, '--nats-replicas=1', '--inbox-max=128MiB'],
    failingShare: 0.5,
    logName: 'receiver-kill-jetstream',
  }
}
