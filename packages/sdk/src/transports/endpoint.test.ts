import { describe, expect, test } from 'vitest';
import { readEndpoint } from './endpoint.js';
import { grpcTransport } from './grpc.js';
import { nodeHttpTransport } from './node-http.js';
import { batchUrl, signalUrl, withoutCredentials } from './signal-url.js';

describe('readEndpoint', () => {
  test.each([
    ['http://localhost:4318', 'http', 'http://localhost:4318'],
    ['https://otlp.example/tenant/', 'http', 'https://otlp.example/tenant'],
    ['http://[::1]:4318', 'http', 'http://[::1]:4318'],
    ['http://user:p%40ss@host:4318', 'http', 'http://user:p%40ss@host:4318'],
    ['localhost:4317', 'grpc', 'https://localhost:4317'],
    ['grpc://localhost:4317', 'grpc', 'http://localhost:4317'],
    ['grpcs://localhost:4317', 'grpc', 'https://localhost:4317'],
    [' http://localhost:4318\n', 'http', 'http://localhost:4318'],
  ] as const)('%j for %s is %s', (text, protocol, url) => {
    expect(readEndpoint(text, protocol)).toEqual({ url });
  });

  test.each([
    ['', /is empty/],
    ['localhost:4318', /no scheme: write "http:\/\/localhost:4318" or "https:\/\/localhost:4318"/],
    ['collector', /no scheme/],
    ['http://', /names no host/],
    ['http://:4318', /names no host/],
    ['http://host:99999', /no port between/],
    ['http://host:abc', /names no host/],
    ['http://::1:4318', /names no host/],
    ['ftp://host', /scheme "ftp"/],
    ['grpc://host:4317', /scheme "grpc"/],
  ])('%j cannot be used and the sentence says why', (text, problem) => {
    const endpoint = readEndpoint(text, 'http');
    expect(endpoint.url).toBeUndefined();
    expect(endpoint.problem).toMatch(problem);
  });

  test('no sentence shows credentials', () => {
    for (const text of [
      'ftp://user:secret@host/x?key=secret',
      'http://user:secret@host:4317/?token=secret',
      // What should have been percent-encoded.
      'ftp://user:p@secret@host',
      'http://user:secret/secret@host',
      'http://user:secret?secret@host',
      'user:secret#secret@host:4318',
    ]) {
      const { problem } = readEndpoint(text, 'http');
      expect(problem).toMatch(/host/);
      expect(problem).not.toContain('secret');
      expect(nodeHttpTransport({ url: text }).destination).not.toContain('secret');
      expect(grpcTransport({ url: text }).destination).not.toContain('secret');
    }
  });

  test('an @ behind the host stays', () => {
    for (const text of ['http://host:4318/team@corp', 'http://[::1]:4318/team@corp', 'host/team@corp'])
      expect(grpcTransport({ url: text }).destination).toContain(text);
  });
});

describe('signalUrl', () => {
  test.each([
    ['http://h:4318', 'http://h:4318/v1/traces'],
    ['http://h:4318/', 'http://h:4318/v1/traces'],
    ['http://h/otlp//', 'http://h/otlp/v1/traces'],
    ['http://h/v1/traces', 'http://h/v1/traces'],
    ['http://h/x/v1/logs/', 'http://h/x/v1/traces'],
    ['http://h?key=a/b', 'http://h/v1/traces?key=a/b'],
    ['http://h/p?key=1#frag', 'http://h/p/v1/traces?key=1'],
    ['/otlp', '/otlp/v1/traces'],
  ])('%s becomes %s', (base, url) => {
    expect(signalUrl(base, 'traces')).toBe(url);
  });

  test('a table of whole addresses is used as it stands', () => {
    expect(signalUrl({ traces: 'http://h/ingest' }, 'traces')).toBe('http://h/ingest');
    expect(signalUrl({ traces: 'http://h/ingest' }, 'logs')).toBeUndefined();
  });

  test('the batch’s id joins a query that is there already', () => {
    const batch = { id: 'ab.0', signal: 'traces' } as Parameters<typeof batchUrl>[1];
    expect(batchUrl('http://h', batch, true)).toBe('http://h/v1/traces?tl-batch=ab.0');
    expect(batchUrl('http://h?k=1', batch, true)).toBe('http://h/v1/traces?k=1&tl-batch=ab.0');
    expect(batchUrl('http://h?k=1', batch, false)).toBe('http://h/v1/traces?k=1');
  });

  test('what is shown has neither user nor query', () => {
    expect(withoutCredentials('https://user:p@ss@host:1/x?token=t#f')).toBe('https://host:1/x');
    expect(withoutCredentials({ traces: 'http://u:p@h/t' })).toBe('http://h/t');
  });
});
