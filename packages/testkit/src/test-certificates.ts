import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** Certificate and private key, PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** Host names and addresses the certificate is for. Default `localhost` and `127.0.0.1`. */
  readonly hosts?: readonly string[];
  /** Default: since yesterday, until tomorrow. */
  readonly from?: Date;
  readonly until?: Date;
}

export interface TestAuthority extends TestCertificate {
  issue(options?: IssueOptions): TestCertificate;
}

/** An authority for tests, made in memory: nothing on disk, no openssl, valid for a day. */
export function createTestAuthority(name = `Test Authority ${randomBytes(4).toString('hex')}`): TestAuthority {
  const keys = newKeys();
  const issuer = commonName(name);
  const basicConstraints = extension([2, 5, 29, 19], sequence(der(0x01, Buffer.from([0xff]))), true);
  const cert = certificate({
    issuer,
    subject: issuer,
    publicKey: keys.publicKey,
    signWith: keys.privateKey,
    extensions: [basicConstraints],
  });
  return {
    cert,
    key: pem(keys.privateKey),
    issue({ hosts = ['localhost', '127.0.0.1'], from, until } = {}) {
      const own = newKeys();
      const names = hosts.map((host) =>
        isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
      );
      return {
        cert: certificate({
          issuer,
          subject: commonName(hosts[0]!),
          publicKey: own.publicKey,
          signWith: keys.privateKey,
          extensions: [extension([2, 5, 29, 17], sequence(...names), false)],
          from,
          until,
        }),
        key: pem(own.privateKey),
      };
    },
  };
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
const day = 86_400_000;

interface CertificateParts {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly signWith: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

/** An X.509 v3 certificate (RFC 5280), signed by ECDSA with SHA-256. */
function certificate(parts: CertificateParts): string {
  const { from = new Date(Date.now() - day), until = new Date(Date.now() + day) } = parts;
  const algorithm = sequence(objectId([1, 2, 840, 10045, 4, 3, 2]));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    parts.issuer,
    sequence(time(from), time(until)),
    parts.subject,
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  );
  const signature = sign('sha256', body, parts.signWith);
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, Buffer.concat(parts));

/** Generalized time is asked for from 2050 on only. */
const time = (date: Date) =>
  der(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(2)}`,
    ),
  );

const commonName = (name: string) =>
  sequence(der(0x31, sequence(objectId([2, 5, 4, 3]), der(0x0c, Buffer.from(name)))));

const extension = (id: readonly number[], content: Buffer, critical: boolean) =>
  sequence(objectId(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, content));

function objectId([first, second, ...rest]: readonly number[]): Buffer {
  const bytes = [first! * 40 + second!];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >> 7; left; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}
