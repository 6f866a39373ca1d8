import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { test } from 'node:test'

import { createServingCertificate } from '../../../../playground/kubernetes-api/serving-certificate.ts'

for (const [host, names] of [
  ['127.0.0.1', 'IP Address:127.0.0.1, DNS:localhost'],
  ['::1', 'IP Address:0:0:0:0:0:0:0:1, DNS:localhost'],
  ['fd00:10:244::a5', 'IP Address:FD00:10:244:0:0:0:0:A5, DNS:localhost'],
  ['::ffff:10.0.0.1', 'IP Address:0:0:0:0:0:FFFF:A00:1, DNS:localhost'],
  ['1:2:3:4:5:6:7:8', 'IP Address:1:2:3:4:5:6:7:8, DNS:localhost'],
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
