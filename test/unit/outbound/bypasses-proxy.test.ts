import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bypassesProxy } from '../../../src/outbound/bypasses-proxy.ts'

const google = 'https://generativelanguage.googleapis.com'

for (const { entries, url, direct } of [
  { entries: [], url: google, direct: false },
  { entries: ['googleapis.com'], url: google, direct: true },
  { entries: ['googleapis.com'], url: 'https://googleapis.com', direct: true },
  { entries: ['googleapis.com'], url: 'https://notgoogleapis.com', direct: false },
  { entries: ['.googleapis.com'], url: google, direct: true },
  { entries: ['.googleapis.com'], url: 'https://googleapis.com', direct: false },
  { entries: ['*.googleapis.com'], url: google, direct: true },
  { entries: ['*.googleapis.com'], url: 'https://googleapis.com', direct: false },
  { entries: ['GoogleAPIs.com'], url: google.toUpperCase(), direct: true },
  { entries: ['googleapis.com.'], url: google, direct: true },
  { entries: ['googleapis.com'], url: 'https://generativelanguage.googleapis.com./', direct: true },
  { entries: ['googleapis.com:443'], url: google, direct: true },
  { entries: ['googleapis.com:8443'], url: google, direct: false },
  { entries: ['googleapis.com:8443'], url: `${google}:8443`, direct: true },
  { entries: ['*'], url: google, direct: true },
  { entries: ['example.com', ' * '], url: google, direct: true },
  { entries: ['example.com googleapis.com'], url: google, direct: true },
  { entries: ['10.0.0.0/8'], url: 'https://10.200.3.4', direct: true },
  { entries: ['10.0.0.0/8'], url: 'https://11.200.3.4', direct: false },
  { entries: ['10.0.0.0/8'], url: 'https://10.example.com', direct: false },
  { entries: ['10.1.2.3'], url: 'https://10.1.2.3', direct: true },
  { entries: ['10.1.2.3:8443'], url: 'https://10.1.2.3', direct: false },
  { entries: ['10.1.2.3:8443'], url: 'https://10.1.2.3:8443', direct: true },
  { entries: ['fd00::/8'], url: 'https://[fd12::1]', direct: true },
  { entries: ['fd00::/8'], url: 'https://[2001:db8::1]', direct: false },
  { entries: ['2001:db8:0:0::1'], url: 'https://[2001:db8::1]', direct: true },
  { entries: ['[2001:db8::1]:8443'], url: 'https://[2001:db8::1]:8443', direct: true },
  { entries: ['[2001:db8::1]:8443'], url: 'https://[2001:db8::1]', direct: false },
  { entries: ['', ':443', '10.0.0.0/99', '<local>', '/8', '[', '*:443'], url: google, direct: false },
  { entries: [], url: 'https://localhost:8443', direct: true },
  { entries: [], url: 'https://127.1.2.3', direct: true },
  { entries: [], url: 'https://[::1]', direct: true },
  { entries: [], url: 'https://127.example.com', direct: false },
]) {
  test(`noProxy ${JSON.stringify(entries)}: ${url} is called ${direct ? 'directly' : 'through the proxy'}`, () => {
    assert.equal(bypassesProxy(entries)(new URL(url)), direct)
  })
}
