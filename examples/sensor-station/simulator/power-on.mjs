import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { getQuickJS } from 'quickjs-emscripten';

/** What the chip has for everything: the engine, the program, its data. */
const MEMORY_BYTES = 256 * 1024;
const sdk = readFileSync(fileURLToPath(import.meta.resolve('@throughline/sdk/tiny')), 'utf8');
const program = readFileSync(new URL('../device/station.js', import.meta.url), 'utf8');

/**
 * Starts the device: a QuickJS of its own, with nothing but what the flash still holds. `off` is the end of it, wherever it was.
 *
 * `hear` gets what the program says.
 */
export async function powerOn({ deviceId, flash, power, sensors, link, hear = () => {} }) {
  const quickJs = await getQuickJS();
  const runtime = quickJs.newRuntime();
  runtime.setMemoryLimit(MEMORY_BYTES);
  runtime.setModuleLoader((name) =>
    name === '@throughline/sdk/tiny' ? sdk : { error: new Error(`no module ${name}`) },
  );
  // Without power no instruction is run, not even that of a `catch`.
  runtime.setInterruptHandler(() => !power.isOn);
  const context = runtime.newContext();
  const startedMs = performance.now();
  let underWay = 0;
  let idle = () => {};

  const bytesOf = (handle) => {
    const view = context.getArrayBuffer(handle);
    const bytes = Buffer.from(view.value);
    view.dispose();
    return bytes;
  };
  const arrayBuffer = (bytes) => context.newArrayBuffer(Uint8Array.from(bytes).buffer);
  /** Data as a value of the engine. */
  const value = (data) => context.unwrapResult(context.evalCode(`(${JSON.stringify(data)})`));
  const object = (members) => {
    const made = context.newObject();
    for (const [name, member] of Object.entries(members)) {
      const handle =
        typeof member === 'function'
          ? context.newFunction(name, (...handles) => {
              power.need();
              return member(...handles);
            })
          : member;
      context.setProp(made, name, handle);
      handle.dispose();
    }
    return made;
  };

  const host = object({
    deviceId: context.newString(deviceId),
    random: (length) => arrayBuffer(randomBytes(context.getNumber(length))),
    wallMs: () => context.newNumber(Date.now()),
    monotonicMs: () => context.newNumber(performance.now() - startedMs),
    flash: object({
      blockBytes: context.newNumber(flash.blockBytes),
      blockCount: context.newNumber(flash.blockCount),
      read: (position, length) => arrayBuffer(flash.read(context.getNumber(position), context.getNumber(length))),
      program: (position, bytes) => void flash.program(context.getNumber(position), bytesOf(bytes)),
      erase: (block) => void flash.erase(context.getNumber(block)),
    }),
    sense: (sensor) => value(sensors.sense(context.getString(sensor))),
    confirm: (numbers) => void sensors.confirm(context.dump(numbers)),
    publish: (topic, bytes, batchId) => publish(context.getString(topic), bytesOf(bytes), context.getString(batchId)),
    say: (line) => void hear(context.getString(line)),
  });
  context.setProp(context.global, 'host', host);
  host.dispose();

  function publish(topic, bytes, batchId) {
    underWay++;
    const settled = (error) => {
      underWay--;
      if (power.isOn && context.alive) run(`published(${JSON.stringify(batchId)}, ${JSON.stringify(error)})`);
      if (underWay === 0) idle();
    };
    link.publish(topic, bytes, batchId).then(
      () => settled(),
      (error) => settled(error.message),
    );
  }

  /** Runs a piece of program and what follows from it. `undefined` where the power goes meanwhile. */
  function run(code, type = 'global') {
    const result = context.evalCode(code, 'station.js', { type });
    const jobs = power.isOn ? runtime.executePendingJobs() : undefined;
    if (!power.isOn) {
      result.dispose();
      jobs?.dispose();
      return undefined;
    }
    const handle = context.unwrapResult(result);
    const data = context.dump(handle);
    handle.dispose();
    if (jobs?.error) throw new Error(JSON.stringify(context.dump(jobs.error)));
    if (data?.type === 'rejected') throw new Error(JSON.stringify(data.error));
    return data;
  }

  run(program, 'module');
  return {
    /** The timer of the chip. */
    wake: () => void run('wake()'),
    status: () => run('status()'),
    /** Bytes in use of 256 KB. */
    memoryUsed() {
      const usage = runtime.computeMemoryUsage();
      const { memory_used_size: used } = context.dump(usage);
      usage.dispose();
      return used;
    },
    /** Resolves when nothing is being published. */
    idle: () => (underWay === 0 ? Promise.resolve() : new Promise((resolve) => (idle = resolve))),
    off() {
      power.off();
      context.dispose();
      runtime.dispose();
    },
  };
}
