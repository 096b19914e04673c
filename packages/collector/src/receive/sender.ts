/**
 * Who shares the room with whom: an address, of IPv6 the network that one customer is given (/64). On this machine many programs have one address, and a proxy's too: there it is the
 * connection.
 */
export function senderOf(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.replace(/^::ffff:/, '');
  if (plain === '::1' || plain.startsWith('127.')) return `${plain}:${port}`;
  return plain.includes(':') ? networkOf(plain) : plain;
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after].slice(0, 4).join(':');
}
