import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'

const parsed = (env: Readonly<Record<string, string>>, flags: readonly string[] = []) =>
  parseSettings(receiverSettings, { flags, env })

function configOf(env: Readonly<Record<string, string>>, flags?: readonly string[]) {
  const result = parsed(env, flags)
  assert.ok(result.type === 'config', JSON.stringify(result))
  const { traceEndpoint, traceUrl, traceSampler, traceSampleRatio } = result.config
  return [traceEndpoint, traceUrl, traceSampler, traceSampleRatio]
}

test('no traces are kept unless an address is set; then all of them, whatever a sender asks for', () => {
  assert.deepEqual(configOf({}), [undefined, undefined, 'traceidratio', 1])
})

test('the variables of OpenTelemetry count, and settings of our own win', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example.com/otlp',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.25',
  }
  const theirs = ['http://collector:4318', 'https://traces.example.com/otlp', 'parentbased_traceidratio', 0.25]
  assert.deepEqual(configOf(env), theirs)
  const ours = ['--trace-endpoint=http://other:4318', '--trace-sampler=always_on', '--trace-sample-ratio=0.5']
  assert.deepEqual(configOf(env, ours), ['http://other:4318', theirs[1], 'always_on', 0.5])
})

test('what is no address, sampler or share is refused with its name, and no more of it is shown than is public', () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:secret-1@otlp.example.com',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://otlp.example.com/v1?key=secret-2',
    OTEL_TRACES_SAMPLER: 'xray',
    OTEL_TRACES_SAMPLER_ARG: '1.5',
  }
  const result = parsed(wrong)
  assert.ok(result.type === 'errors')
  for (const name of Object.keys(wrong))
    assert.ok(
      result.errors.some((error) => error.startsWith(`${name}: `)),
      name,
    )
  assert.ok(!JSON.stringify(result).includes('secret-'))
  const fine = parsed({ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com/keys/secret-3' })
  assert.ok(fine.type === 'config')
  assert.equal(fine.described['traceEndpoint'], 'https://otlp.example.com (OTEL_EXPORTER_OTLP_ENDPOINT)')
})
