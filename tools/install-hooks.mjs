// `prepare`: git hooks for people who clone; nothing in CI, in a tarball, or where lefthook is not installed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

if (process.env.CI === undefined && existsSync('.git') && existsSync('node_modules/.bin/lefthook')) {
  spawnSync('node_modules/.bin/lefthook', ['install'], { stdio: 'ignore' })
}
