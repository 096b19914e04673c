import { expect, test } from 'vitest';
import { createOrigins } from './origins.js';

test('programs and pages of this machine may send without being named', () => {
  const origins = createOrigins([]);
  const allowed = [
    undefined,
    'http://localhost',
    'http://localhost:5173',
    'https://shop.localhost:8443',
    'http://127.0.0.1:3000',
    'http://127.8.8.8',
    'http://[::1]:3000',
    'tauri://localhost',
  ];
  expect(allowed.filter((origin) => !origins.allows(origin))).toEqual([]);
});

test('pages elsewhere may not, whatever their name looks like', () => {
  const origins = createOrigins([]);
  const refused = [
    'https://example.com',
    'null',
    '',
    'http://localhost.example.com',
    'http://localhost@example.com',
    'http://notlocalhost',
    'http://127.0.0.1.example.com',
    'http://example.com:4318',
    'http://localhost:5173/path',
    'file://localhost',
  ];
  expect(refused.filter((origin) => origins.allows(origin))).toEqual([]);
});

test('named origins, with a star for one part of the name', () => {
  const origins = createOrigins(['https://shop.example.com', 'https://*.example.org:8443/', 'https://v1.x*.net']);
  const decided = [
    'https://shop.example.com',
    'https://SHOP.example.com',
    'http://shop.example.com',
    'https://shopXexample.com',
    'https://a.example.org:8443',
    'https://a.b.example.org:8443',
    'https://a.example.org',
    'https://v1.x-9.net',
  ].map((origin) => origins.allows(origin));
  expect(decided).toEqual([true, true, false, false, true, false, false, true]);
});

test('a star alone is everybody', () => {
  expect(createOrigins(['*']).allows('https://anything.example')).toBe(true);
});
