import assert from 'node:assert/strict'
import { test } from 'node:test'

import { signV1 } from '../../../../playground/webhook-service/signer.ts'

const vectors = [
  {
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1_614_265_330,
    body: '{"test": 2432232314}',
    want: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  {
    secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    id: 'msg_27UH4WbU6Z5A5EzD8u03UvzRbpk',
    timestamp: 1_649_367_553,
    body: '{"email":"test@example.com","username":"test_user"}',
    want: 'v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=',
  },
]
for (const { secret, id, timestamp, body, want } of vectors) {
  test(`signs the published Standard Webhooks vector ${id}`, () => {
    assert.equal(signV1(secret, { id, timestamp, body: Buffer.from(body) }), want)
  })
}
