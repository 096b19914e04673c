import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { TlsOptions } from '../receive/tls-options.js';
import type { Settings } from './settings.js';
import { UsageError } from './usage-error.js';
import { whyUnreadable } from './why-unreadable.js';

/** What the servers speak TLS with; `undefined` where they do not. Throws `UsageError`. */
export function readTls(settings: Pick<Settings, 'tls-cert' | 'tls-key' | 'tls-ca'>): TlsOptions | undefined {
  const { 'tls-cert': cert, 'tls-key': key, 'tls-ca': ca } = settings;
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError('TLS needs both --tls-cert and --tls-key.');
  return {
    ...readKeyPair({ flag: 'tls-cert', file: cert }, { flag: 'tls-key', file: key }),
    clientCa: ca === undefined ? undefined : readAuthority({ flag: 'tls-ca', file: ca }),
  };
}

interface Given {
  readonly flag: string;
  readonly file: string;
}

/** Throws `UsageError`. */
export function readKeyPair(certFile: Given, keyFile: Given): { readonly cert: Buffer; readonly key: Buffer } {
  const cert = readPem(certFile);
  const key = readPem(keyFile);
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new UsageError(
      `${certFile.file} (--${certFile.flag}) and ${keyFile.file} (--${keyFile.flag}) are not a certificate and its private key in PEM.`,
    );
  }
  return { cert, key };
}

/** Throws `UsageError`. */
export function readAuthority(given: Given): Buffer {
  const pem = readPem(given);
  // Node takes it for a list of no authorities, and everybody would be turned away.
  if (!isCertificate(pem)) throw new UsageError(`${given.file} (--${given.flag}) is not a certificate in PEM.`);
  return pem;
}

function readPem({ flag, file }: Given): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`${file} (--${flag}) cannot be read: ${whyUnreadable(error)}.`);
  }
}

function isCertificate(pem: Buffer): boolean {
  try {
    return pem.includes('-----BEGIN') && new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
