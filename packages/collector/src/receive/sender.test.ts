import { expect, test } from 'vitest';
import { senderOf } from './sender.js';

test('a sender is its address, its network with IPv6, its connection on this machine', () => {
  expect(senderOf('192.0.2.7', 4000)).toBe('192.0.2.7');
  expect(senderOf('::ffff:192.0.2.7', 4000)).toBe('192.0.2.7');
  expect(senderOf('127.0.0.1', 4000)).not.toBe(senderOf('127.0.0.1', 4001));
  expect(senderOf('::1', 4000)).not.toBe(senderOf('::1', 4001));
  expect(senderOf('2001:db8:1:2:3:4:5:6', 1)).toBe(senderOf('2001:db8:1:2::9', 2));
  expect(senderOf('2001:db8:1:3::9', 1)).not.toBe(senderOf('2001:db8:1:2::9', 1));
  expect(senderOf('fe80::1%eth0', 1)).toBe(senderOf('fe80::2%eth0', 1));
});
