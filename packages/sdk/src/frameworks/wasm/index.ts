export type { GuestProblem } from './guest-problems.js';
export { type TracedWasm, type TraceWasmOptions, traceWasm, type WasmGuestStatus } from './trace-wasm.js';
