import { expect, test } from 'vitest';
import { httpClientAttributes, knownMethod } from './http-attributes.js';

const of = (method: string, address: string, redact?: (url: string) => string) =>
  httpClientAttributes(method, new URL(address), redact);

test('an address says host and port, also the default one and an IPv6 host', () => {
  expect(of('GET', 'https://api.example/a?b=1#c')).toEqual({
    'http.request.method': 'GET',
    'url.full': 'https://api.example/a?b=1#c',
    'server.address': 'api.example',
    'server.port': 443,
  });
  expect(of('GET', 'http://api.example')).toMatchObject({ 'server.port': 80 });
  expect(of('GET', 'http://[::1]:8080/x')).toMatchObject({ 'server.address': '[::1]', 'server.port': 8080 });
  expect(of('GET', 'http://user:pw@h:81/x')).toMatchObject({ 'server.address': 'h', 'server.port': 81 });
});

test('a method that is not known, or written otherwise, is kept beside the known one', () => {
  expect(knownMethod('post')).toBe('POST');
  expect(knownMethod('PURGE')).toBe('_OTHER');
  expect(of('PURGE', 'http://h/')).toMatchObject({
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PURGE',
  });
  expect(of('patch', 'http://h/')).toMatchObject({
    'http.request.method': 'PATCH',
    'http.request.method_original': 'patch',
  });
});

test('user, password and signatures never leave', () => {
  const full = (address: string) => of('GET', address)['url.full'];
  expect(full('https://me:secret@h.example/p?q=a@b')).toBe('https://REDACTED:REDACTED@h.example/p?q=a@b');
  expect(full('https://me@h.example/')).toBe('https://REDACTED@h.example/');
  expect(full('https://h.example/a@b:c@d')).toBe('https://h.example/a@b:c@d');
  expect(full('https://h/?sig=abc&x=1&Signature=def#s')).toBe('https://h/?sig=REDACTED&x=1&Signature=REDACTED#s');
  expect(full('https://h/?design=1&X-Goog-Signature=z')).toBe('https://h/?design=1&X-Goog-Signature=REDACTED');
});

test("a program's own redaction comes after, and sees nothing that was secret", () => {
  expect(of('GET', 'https://u:p@h/?token=t', (url) => url.replace(/token=\w+/, 'token=-'))['url.full']).toBe(
    'https://REDACTED:REDACTED@h/?token=-',
  );
});
