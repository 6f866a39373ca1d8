/** `npm run verify`: the one gate, locally and in CI. Generate, clean tree, lint, typecheck, test. */
import { execFileSync, spawnSync } from 'node:child_process'

function run(script: string): void {
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' })
  if (status !== 0) {
    process.stderr.write(`verify: npm run ${script} failed\n`)
    process.exit(status ?? 1)
  }
}

const treeState = () =>
  execFileSync('git', ['status', '--porcelain', '--', 'crds', 'docs', 'deploy', 'charts'], { encoding: 'utf8' })

const before = treeState()
run('generate')
if (treeState() !== before) {
  process.stderr.write(
    `verify: generated files were not up to date; commit what "npm run generate" wrote:\n${treeState()}`,
  )
  process.exit(1)
}
run('lint')
run('typecheck')
run('test:local')
