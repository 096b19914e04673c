/*
 * Attributes that OpenTelemetry's semantic conventions renamed without changing what the value means. A filter on one name finds
 * spans that carry the other.
 *
 * Sources: the migration guides of the conventions for HTTP (stable since 1.23.0), databases (1.33.0) and code (1.30.0), and the
 * entries marked "deprecated: renamed" or "replaced by" in the attribute registry for the others. Names whose values changed with the
 * name are left out, but for the marked ones, where the value is usually the same.
 */
const RENAMED: readonly (readonly [stable: string, ...older: string[]])[] = [
  ['http.request.method', 'http.method'],
  ['http.response.status_code', 'http.status_code'],
  ['http.request.body.size', 'http.request_content_length'],
  ['http.response.body.size', 'http.response_content_length'],
  ['http.request.resend_count', 'http.resend_count'],
  ['url.full', 'http.url'],
  ['url.scheme', 'http.scheme'],
  // Marked: holds the query as well when it was written by an old instrumentation; without one both are the same.
  ['url.path', 'http.target'],
  ['user_agent.original', 'http.user_agent'],
  ['client.address', 'http.client_ip'],
  ['network.protocol.name', 'net.protocol.name', 'net.app.protocol.name'],
  ['network.protocol.version', 'net.protocol.version', 'net.app.protocol.version', 'http.flavor'],
  ['network.peer.address', 'net.sock.peer.addr', 'net.peer.ip'],
  ['network.peer.port', 'net.sock.peer.port'],
  ['network.local.address', 'net.sock.host.addr', 'net.host.ip'],
  ['network.local.port', 'net.sock.host.port'],
  // A client called the other side `net.peer.name`, a server called itself `net.host.name`; both are now `server.address`.
  ['server.address', 'net.peer.name', 'net.host.name', 'http.server_name'],
  ['server.port', 'net.peer.port', 'net.host.port'],
  ['db.system.name', 'db.system'],
  ['db.query.text', 'db.statement'],
  ['db.operation.name', 'db.operation'],
  ['db.namespace', 'db.name', 'db.redis.database_index', 'db.cassandra.keyspace'],
  ['db.collection.name', 'db.sql.table', 'db.mongodb.collection', 'db.cassandra.table', 'db.cosmosdb.container'],
  ['db.response.status_code', 'db.cosmosdb.status_code'],
  ['messaging.destination.name', 'messaging.destination'],
  ['messaging.operation.type', 'messaging.operation'],
  ['messaging.message.id', 'messaging.message_id'],
  ['messaging.message.conversation_id', 'messaging.conversation_id'],
  ['messaging.message.body.size', 'messaging.message.payload_size_bytes', 'messaging.message_payload_size_bytes'],
  ['messaging.client.id', 'messaging.client_id'],
  ['messaging.consumer.group.name', 'messaging.kafka.consumer.group', 'messaging.kafka.consumer_group'],
  ['faas.invocation_id', 'faas.execution'],
  ['code.function.name', 'code.function'],
  ['code.file.path', 'code.filepath'],
  ['code.line.number', 'code.lineno'],
  ['code.column.number', 'code.column'],
  ['deployment.environment.name', 'deployment.environment'],
  ['gen_ai.provider.name', 'gen_ai.system'],
];

/** The name itself first, then every other name of the same thing. */
export function namesOf(key: string): readonly string[] {
  const family = familyOf(key);
  return family === undefined ? [key] : [key, ...family.filter((name) => name !== key)];
}

function familyOf(key: string): readonly string[] | undefined {
  return RENAMED.find((family) => family.includes(key));
}
