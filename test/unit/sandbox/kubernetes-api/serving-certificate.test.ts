import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { test } from 'node:test'

import { createServingCertificate } from '../../../../src/sandbox/kubernetes-api/serving-certificate.ts'

for (const [host, names] of [
  ['127.0.0.1', 'IP Address:127.0.0.1, DNS:localhost'],
  ['api.example.com', 'DNS:api.example.com, DNS:localhost'],
] as const) {
  test(`the certificate for ${host} names it, signs itself and fits its key`, () => {
    const { certPem, keyPem } = createServingCertificate(host)
    const certificate = new X509Certificate(certPem)
    assert.equal(certificate.subjectAltName, names)
    assert.ok(certificate.ca)
    assert.ok(certificate.verify(certificate.publicKey))
    assert.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)))
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    assert.ok(Date.parse(certificate.validTo) > Date.parse('2100-01-01T00:00:00Z'))
  })
}

test('no two starts share a key', () => {
  assert.notEqual(createServingCertificate('127.0.0.1').keyPem, createServingCertificate('127.0.0.1').keyPem)
})
