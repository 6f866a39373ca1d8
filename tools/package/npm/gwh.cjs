#!/usr/bin/env node
// What an older Node reads of the package: syntax of 2009 on purpose, so that it can say what is missing.
'use strict'

var needed = require('./package.json').engines.node.replace('>=', '')

function isOlder(version, than) {
  var have = version.split('.').map(Number)
  var want = than.split('.').map(Number)
  for (var i = 0; i < want.length; i += 1) {
    if (have[i] !== want[i]) return have[i] < want[i]
  }
  return false
}

if (isOlder(process.versions.node, needed)) {
  process.stderr.write(
    'gwh needs Node ' + needed + ' or newer, and ' + process.execPath + ' is ' + process.version + '.\n',
  )
  process.exitCode = 2
} else {
  require('./program/gwh.mjs')
}
