// Without its optional packages npm falls back to the system's Node without a word; this makes that loud.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `gemini-webhook-operator needs Node 24.15 or later, and ${process.execPath} is ${process.version}. ` +
      'Run "npm ci" (it brings the right Node), then use "npm run ..." or put node_modules/.bin first on PATH.\n',
  )
  process.exit(1)
}
