import type { Attributes } from '#shapes/api.js';

const LANGUAGES: Readonly<Record<string, string>> = {
  webjs: 'page',
  nodejs: 'Node.js',
  python: 'Python',
  go: 'Go',
  java: 'Java',
  dotnet: '.NET',
  rust: 'Rust',
  ruby: 'Ruby',
  php: 'PHP',
  cpp: 'C++',
  erlang: 'Erlang',
  swift: 'Swift',
};

const RUNTIMES: Readonly<Record<string, string>> = {
  nodejs: 'Node.js',
  node: 'Node.js',
  deno: 'Deno',
  bun: 'Bun',
  browser: 'page',
  workerd: 'worker',
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** What a process runs in, as far as its resource tells; empty when it does not. */
export function runtimeName(resource: Attributes): string {
  if (text(resource['faas.name']) !== '') return 'function';
  if (Object.keys(resource).some((key) => key.startsWith('browser.'))) return 'page';
  const runtime = text(resource['process.runtime.name']).toLowerCase();
  const version = text(resource['process.runtime.version']).split('.').slice(0, 2).join('.');
  const known = RUNTIMES[runtime];
  if (known !== undefined) return known === 'page' || version === '' ? known : `${known} ${version}`;
  return LANGUAGES[text(resource['telemetry.sdk.language'])] ?? '';
}

const SYSTEMS: Readonly<Record<string, string>> = {
  postgresql: 'PostgreSQL',
  mysql: 'MySQL',
  mariadb: 'MariaDB',
  mongodb: 'MongoDB',
  redis: 'Redis',
  sqlite: 'SQLite',
  clickhouse: 'ClickHouse',
  cassandra: 'Cassandra',
  elasticsearch: 'Elasticsearch',
  kafka: 'Kafka',
  rabbitmq: 'RabbitMQ',
  nats: 'NATS',
  'microsoft.sql_server': 'SQL Server',
  message_channel: 'message',
};

/** Where inside of its process a span ran, where that is a runtime or a thread of its own; empty for all others. */
export function placeName(attributes: Attributes): string {
  const module = text(attributes['wasm.module']);
  if (module !== '') return `WebAssembly ${module}`;
  const thread = attributes['thread.id'];
  return typeof thread === 'number' && text(attributes['messaging.system']) !== '' ? `thread ${thread}` : '';
}

/** The database or broker a span talks to; empty for all others. Old and stable attribute names are both read. */
export function systemName(attributes: Attributes): string {
  const system =
    text(attributes['db.system.name']) || text(attributes['db.system']) || text(attributes['messaging.system']);
  return SYSTEMS[system] ?? system;
}
