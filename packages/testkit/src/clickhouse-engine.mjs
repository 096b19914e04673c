/*
 * The process behind clickhouse-front.ts: chDB, one session of its own per statement, so that no setting or parameter of one reaches
 * another. Plain JavaScript, because it is started as a program.
 */
import { createRequire } from 'node:module';

const [directory] = process.argv.slice(2);
const { Session, drainPending } = createRequire(import.meta.url)('chdb');

const keeper = new Session(directory);
await keeper.queryAsync('CREATE DATABASE IF NOT EXISTS default', { format: 'TSV' }).catch(() => undefined);
const version = keeper.query('SELECT version()', 'TSV').trim();
process.send({ kind: 'ready', version });

const quote = (text) => `'${String(text).replace(/[\\']/g, '\\$&')}'`;

async function run({ id, sql, database, settings, parameters, format }) {
  const session = new Session(directory);
  const began = performance.now();
  try {
    const set = async (text) => await session.queryAsync(text, { format: 'TSV' });
    if (database !== undefined) await set(`USE \`${database.replace(/[\\`]/g, '\\$&')}\``);
    for (const [name, value] of settings) await set(`SET ${name} = ${quote(value)}`);
    for (const [name, value] of parameters) await set(`SET param_${name} = ${quote(value)}`);
    const result = await session.queryAsync(`/* front-${id} */ ${sql}`, { format });
    process.send({
      kind: 'done',
      id,
      bytes: result.bytes(),
      rowsRead: result.rowsRead,
      bytesRead: result.bytesRead,
      elapsedNano: Math.round((performance.now() - began) * 1e6),
    });
  } catch (error) {
    process.send({ kind: 'failed', id, message: error.message, code: error.clickhouseCode });
  } finally {
    session.close();
  }
}

process.on('message', (message) => {
  if (message.kind === 'run') void run(message);
  else if (message.kind === 'kill') {
    keeper
      .queryAsync(`KILL QUERY WHERE query LIKE '/* front-${message.id} */%' ASYNC`, { format: 'Null' })
      .catch(() => undefined);
  } else if (message.kind === 'close') {
    keeper.close();
    drainPending().then(() => process.exit(0));
  }
});
process.on('disconnect', () => process.exit(0));
