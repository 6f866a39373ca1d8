import assert from 'node:assert/strict'
import { test } from 'node:test'

import { failureCauseOf } from '../../../src/sinks/failure-cause.ts'

function errorWith(code: string): Error {
  return Object.assign(new Error('connect to 10.0.0.1 as user:password'), { code })
}

const causes = [
  ['ECONNREFUSED', 'connectionRefused'],
  ['ECONNRESET', 'connectionReset'],
  ['UND_ERR_SOCKET', 'connectionReset'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connectTimeout'],
  ['HPE_INVALID_CONSTANT', 'malformedAnswer'],
  ['ENOTFOUND', 'nameNotResolved'],
  ['EAI_AGAIN', 'nameNotResolved'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['SOMETHING_NEW', 'connection'],
] as const

for (const [code, cause] of causes) {
  test(`${code} is ${cause}`, () => assert.equal(failureCauseOf(errorWith(code)), cause))
}

test('what is no error has a cause too', () => {
  assert.equal(failureCauseOf('text'), 'connection')
  assert.equal(failureCauseOf(undefined), 'connection')
})
