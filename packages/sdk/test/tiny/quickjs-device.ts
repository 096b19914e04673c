import { randomBytes } from 'node:crypto';
import { getQuickJS, type QuickJSContext, type QuickJSHandle, type QuickJSRuntime } from 'quickjs-emscripten';
import type { BlockDevice } from '../../src/stores/ring/block-device.js';

export interface QuickJsDeviceOptions {
  /** All the engine may take: itself, the SDK and the program. */
  readonly memoryBytes: number;
  /** The SDK as one file, under the name the program imports it by. */
  readonly modules: Readonly<Record<string, string>>;
  readonly flash?: BlockDevice | undefined;
  /** What the program publishes. What is thrown goes to the program. */
  readonly publish: (topic: string, bytes: Uint8Array, batchId: string) => void;
}

export interface QuickJsDevice {
  /** Runs a module of the program, and everything its promises lead to. Throws what it throws. */
  run(program: string): void;
  /** What the program's expression comes to. */
  ask(expression: string): unknown;
  /** Bytes the engine has in use, of all it may take. */
  memoryUsed(): number;
  /** The power goes. */
  off(): void;
}

/** A real QuickJS with as little memory as a small device has. The program reaches the world through `host` alone. */
export async function quickJsDevice(options: QuickJsDeviceOptions): Promise<QuickJsDevice> {
  const quickJs = await getQuickJS();
  const runtime: QuickJSRuntime = quickJs.newRuntime();
  runtime.setMemoryLimit(options.memoryBytes);
  runtime.setModuleLoader((name) => options.modules[name] ?? { error: new Error(`there is no module ${name}`) });
  const context: QuickJSContext = runtime.newContext();
  const { flash } = options;

  const bytesIn = (handle: QuickJSHandle): Uint8Array<ArrayBuffer> => {
    using view = context.getArrayBuffer(handle);
    return Uint8Array.from(view.value);
  };
  const bytesOut = (bytes: Uint8Array<ArrayBuffer>): QuickJSHandle => context.newArrayBuffer(bytes.slice().buffer);
  const calls: Record<string, (...handles: QuickJSHandle[]) => QuickJSHandle | undefined> = {
    nowMs: () => context.newNumber(performance.timeOrigin + performance.now()),
    random: (length) => bytesOut(new Uint8Array(randomBytes(context.getNumber(length!)))),
    read(position, length) {
      const target = new Uint8Array(context.getNumber(length!));
      flash?.read(context.getNumber(position!), target);
      return bytesOut(target);
    },
    program: (position, bytes) => void flash?.program(context.getNumber(position!), bytesIn(bytes!)),
    erase: (block) => void flash?.erase(context.getNumber(block!)),
    publish: (topic, bytes, batchId) =>
      void options.publish(context.getString(topic!), bytesIn(bytes!), context.getString(batchId!)),
  };
  const host = context.newObject();
  for (const [name, call] of Object.entries(calls))
    context.newFunction(name, call).consume((each) => context.setProp(host, name, each));
  context.setProp(context.global, 'host', host);
  host.dispose();

  const evaluate = (code: string, type: 'global' | 'module'): unknown => {
    const result = context.evalCode(code, 'program.js', { type });
    const value = context.unwrapResult(result);
    const jobs = runtime.executePendingJobs();
    if (jobs.error) throw context.dump(jobs.error);
    const shown = context.dump(value);
    value.dispose();
    if (shown?.type === 'rejected') throw new Error(JSON.stringify(shown.error));
    return shown;
  };
  return {
    run: (program) => void evaluate(program, 'module'),
    ask: (expression) => evaluate(expression, 'global'),
    memoryUsed() {
      const usage = runtime.computeMemoryUsage();
      const { memory_used_size: used } = context.dump(usage) as { memory_used_size: number };
      usage.dispose();
      return used;
    },
    off() {
      context.dispose();
      runtime.dispose();
    },
  };
}
