import { cpSync, globSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

import type { Stage } from './rehearse.ts'

type Inputs = Readonly<Record<string, string>>
/** Its outputs, and what to say of it. */
type StandIn = (inputs: Inputs, stage: Stage) => Record<string, string> & { note?: string }

const provenanceType = 'slsaprovenance1'
const onThisMachine =
  (what: string): StandIn =>
  () => ({ note: `${what} of this machine` })

/**
 * What the actions of the release workflow do, as far as it can be done without GitHub and a builder of Docker's: the
 * same results at the same places, for the architecture of this machine, signed with a local key.
 */
export const standIns: Readonly<Record<string, StandIn>> = {
  'actions/checkout': (_, { workspace, run }) => {
    rmSync(workspace, { recursive: true, force: true })
    run('bash', '-ec', `git clone --quiet --depth=1 "file://$REHEARSAL_REPOSITORY" ${workspace}`)
    renameSync(join(workspace, '..', 'node_modules'), join(workspace, 'node_modules'))
    // Node for other architectures, once downloaded.
    mkdirSync('.cache/node', { recursive: true })
    symlinkSync(resolve('.cache'), join(workspace, '.cache'))
    return { note: 'git clone' }
  },
  'actions/setup-node': onThisMachine("the lockfile's Node"),
  'docker/setup-qemu-action': () => ({ note: 'left out: the image is for this machine alone' }),
  'docker/setup-buildx-action': () => ({ note: 'left out: the image is built without an engine' }),
  'docker/login-action': () => ({ note: 'left out: the registry is open' }),
  'sigstore/cosign-installer': onThisMachine('cosign'),
  'docker/build-push-action': buildAndPush,
  'actions/upload-pages-artifact': ({ path = '' }, { workspace }) => {
    if (globSync('index.html', { cwd: join(workspace, path) }).length === 0)
      throw new Error(`${path}: has no index.html, so it is no site`)
    return { note: 'looked at' }
  },
  'actions/deploy-pages': () => ({ page_url: 'https://pages.example/', note: 'left out' }),
  'actions/attest-build-provenance': attestProvenance,
  'actions/upload-artifact': ({ name = '', path = '' }, { workspace, artifacts }) => {
    const files = globSync(path, { cwd: workspace })
    if (files.length === 0) throw new Error(`artifact ${name}: there is no ${path}`)
    mkdirSync(join(artifacts, name), { recursive: true })
    for (const file of files) cpSync(join(workspace, file), join(artifacts, name, basename(file)))
    return { note: `${files.length} files` }
  },
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

/** An index of one image with labels and annotations, as the builder makes one of two. */
function buildAndPush({ tags = '', labels = '', annotations = '' }: Inputs, { workspace, run }: Stage) {
  const archive = join(workspace, 'image.tar')
  const repository = tags.slice(0, tags.lastIndexOf(':'))
  run(
    'node',
    'tools/build-image.ts',
    '--no-starts',
    `--out=${archive}`,
    ...lines(labels).map((label) => `--label=${label}`),
  )
  const noted = lines(annotations).map((line) => `--annotation=${line.replace(/^[a-z,]+:/, '')}`)
  const pushed = run('crane', 'push', archive, `${repository}:this-machine`)
  const [plain = ''] = /\S+@sha256:\w{64}/.exec(pushed) ?? []
  const image = run('crane', 'mutate', plain, ...noted, `--repo=${repository}`).trim()
  const index = run('crane', 'index', 'append', `--manifest=${image}`, '--flatten=false', `--tag=${tags}`)
  const digest = run('crane', 'digest', tags).trim()
  return { digest, note: `npm run image, crane: ${index.trim().split('\n').at(-1) ?? ''}` }
}

/** The statement that GitHub's action makes of a workflow's run, signed with the local key. */
function attestProvenance(inputs: Inputs, { workspace, github, run }: Stage) {
  const { 'subject-name': name, 'subject-digest': digest, 'subject-path': path } = inputs
  const source = `${github.server_url}/${github.repository}`
  const ref = `refs/tags/${github.ref_name}`
  const predicate = {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: { workflow: { ref, repository: source, path: '.github/workflows/release.yaml' } },
      resolvedDependencies: [{ uri: `git+${source}@${ref}`, digest: { gitCommit: github.sha } }],
    },
    runDetails: {
      builder: { id: 'https://example.com/rehearsal' },
      metadata: { invocationId: `${source}/actions/runs/${github.run_id}/attempts/1` },
    },
  }
  const file = join(workspace, '..', 'predicate.json')
  writeFileSync(file, JSON.stringify(predicate))
  const statement = ['--yes', '--type', provenanceType, '--predicate', file]
  if (name !== undefined) {
    run('cosign', 'attest', ...statement, `${name}@${digest ?? ''}`)
    return { note: 'cosign attest' }
  }
  const files = globSync(path ?? '', { cwd: workspace })
  if (files.length === 0) throw new Error(`provenance: there is no ${path ?? 'subject'}`)
  for (const each of files)
    run(
      'cosign',
      'attest-blob',
      ...statement,
      '--bundle',
      join(workspace, '..', `${basename(each)}.sigstore.json`),
      each,
    )
  return { note: `cosign attest-blob, ${files.length} files` }
}
