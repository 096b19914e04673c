/** Where a broker is and who asks it. */
export interface MqttAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** For people: without user and password. */
  readonly shown: string;
}

const PORTS = { 'mqtt:': 1883, 'mqtts:': 8883 } as const;

/** `undefined`: not an address of a broker. User and password are percent-encoded in it, as in every address. */
export function mqttAddress(given: string): MqttAddress | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || url.hostname === '' || !(url.protocol in PORTS)) return undefined;
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') return undefined;
  const fallback = PORTS[url.protocol as keyof typeof PORTS];
  const port = url.port === '' ? fallback : Number(url.port);
  try {
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      tls: url.protocol === 'mqtts:',
      username: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: url.password === '' ? undefined : decodeURIComponent(url.password),
      shown: `${url.protocol}//${url.hostname}:${port}`,
    };
  } catch {
    return undefined;
  }
}
