import { expect, test } from 'vitest';
import { httpClientAttributes, knownMethod, recordableUrl } from './http-attributes.js';

test('an address says host and port, also the default one, an IPv6 host and none', () => {
  expect(httpClientAttributes('GET', 'https://api.example/a?b=1#c')).toEqual({
    'http.request.method': 'GET',
    'url.full': 'https://api.example/a?b=1#c',
    'server.address': 'api.example',
    'server.port': 443,
  });
  expect(httpClientAttributes('GET', 'http://api.example')).toMatchObject({ 'server.port': 80 });
  expect(httpClientAttributes('GET', 'http://[::1]:8080/x')).toMatchObject({
    'server.address': '[::1]',
    'server.port': 8080,
  });
  expect(httpClientAttributes('GET', 'http://user:pw@h:81/x')).toMatchObject({
    'server.address': 'h',
    'server.port': 81,
  });
  expect(httpClientAttributes('GET', 'about:blank')).toEqual({
    'http.request.method': 'GET',
    'url.full': 'about:blank',
  });
});

test('a method that is not known, or written otherwise, is kept beside the known one', () => {
  expect(knownMethod('post')).toBe('POST');
  expect(knownMethod('PURGE')).toBe('_OTHER');
  expect(httpClientAttributes('PURGE', 'http://h/')).toMatchObject({
    'http.request.method': '_OTHER',
    'http.request.method_original': 'PURGE',
  });
  expect(httpClientAttributes('patch', 'http://h/')).toMatchObject({
    'http.request.method': 'PATCH',
    'http.request.method_original': 'patch',
  });
});

test('user, password and signatures never leave', () => {
  expect(recordableUrl('https://me:secret@h.example/p?q=a@b')).toBe('https://REDACTED:REDACTED@h.example/p?q=a@b');
  expect(recordableUrl('https://me@h.example/')).toBe('https://REDACTED@h.example/');
  expect(recordableUrl('https://h.example/a@b:c@d')).toBe('https://h.example/a@b:c@d');
  expect(recordableUrl('https://h/?sig=abc&x=1&Signature=def#s')).toBe(
    'https://h/?sig=REDACTED&x=1&Signature=REDACTED#s',
  );
  expect(recordableUrl('https://h/?design=1&X-Goog-Signature=z')).toBe('https://h/?design=1&X-Goog-Signature=REDACTED');
});

test("a program's own redaction comes after, and sees nothing that was secret", () => {
  expect(recordableUrl('https://u:p@h/?token=t', (url) => url.replace(/token=\w+/, 'token=-'))).toBe(
    'https://REDACTED:REDACTED@h/?token=-',
  );
});
